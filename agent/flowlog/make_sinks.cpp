// SPDX-License-Identifier: MIT
#include "agent/flowlog/settings.hpp"
#include "agent/flowlog/stdout_sink.hpp"

namespace tollgate::agent {

namespace {

using Made = Result<std::unique_ptr<FlowLogSink>>;

Made make(const JsonFileOptions& options) {
    return std::make_unique<JsonFileSink>(options);
}

Made make(const StdoutOptions& /*options*/) {
    return std::make_unique<StdoutSink>();
}

Made make(const SyslogSinkOptions& options) {
    return make_syslog_sink(options);
}

Made make(const JournalSinkOptions& options) {
    return make_journal_sink(options);
}

Made make(const HttpSinkOptions& options) {
    return make_http_sink(options);
}

Made make(const IpfixSinkOptions& options) {
    return make_ipfix_sink(options);
}

}  // namespace

Result<std::vector<std::unique_ptr<FlowLogSink>>> make_sinks(const FlowLogSettings& settings) {
    std::vector<std::unique_ptr<FlowLogSink>> sinks;
    for (const FlowLogSinkOptions& options : settings.sinks) {
        Made made = std::visit([](const auto& of_type) { return make(of_type); }, options);
        if (!made) {
            return Failure{made.error()};
        }
        sinks.push_back(std::move(*made));
    }
    return sinks;
}

}  // namespace tollgate::agent
