// SPDX-License-Identifier: MIT
#include "agent/flowlog/syslog_sink.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <ctime>
#include <string_view>
#include <utility>

#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "agent/flowlog/line_sink.hpp"
#include "agent/flowlog/record_json.hpp"
#include "agent/flowlog/severity.hpp"

namespace tollgate::agent {

namespace {

constexpr std::string_view kCookie = "@cee: ";
constexpr std::size_t kLongestApp = 48;
constexpr std::size_t kLongestHost = 255;
constexpr std::uint8_t kLastFacility = 23;

int priority_of(const FlowLogRecord& record, const SyslogHeader& header) {
    return header.facility * 8 + severity_of(record.type);
}

bool is_printable(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string host_name() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    ::gethostname(name.data(), name.size() - 1);
    const std::string host = std::string{name.data()}.substr(0, kLongestHost);
    return is_printable(host) ? host : "-";
}

std::time_t seconds_of(const FlowLogRecord& record) {
    const auto second = std::chrono::floor<std::chrono::seconds>(record.flow.last_seen);
    return static_cast<std::time_t>(second.time_since_epoch().count());
}

// RFC 6587, 3.4.1: the length in front of each message.
std::string counted(std::string message) {
    return fmt::format("{} {}", message.size(), message);
}

LineSink::Format format_of(CollectorTransport transport, SyslogHeader header) {
    switch (transport) {
        case CollectorTransport::local:
            return [header = std::move(header)](const FlowLogRecord& record) {
                return to_local_syslog(record, header);
            };
        case CollectorTransport::tcp:
            return [header = std::move(header)](const FlowLogRecord& record) {
                return counted(to_syslog(record, header));
            };
        case CollectorTransport::udp:
            break;
    }
    return [header = std::move(header)](const FlowLogRecord& record) {
        return to_syslog(record, header);
    };
}

Result<void> check(const SyslogSinkOptions& options) {
    if (options.transport == CollectorTransport::local && options.path.empty()) {
        return failure("a local syslog daemon needs the path of its socket");
    }
    if (options.transport != CollectorTransport::local &&
        (options.host.host.empty() || options.host.port == 0)) {
        return failure("a remote syslog daemon needs a host and a port");
    }
    if (options.facility > kLastFacility) {
        return failure(fmt::format("a syslog facility is 0 to 23, not {}", options.facility));
    }
    if (!is_printable(options.app) || options.app.size() > kLongestApp) {
        return failure("the app name of syslog has 1 to 48 printable characters without spaces");
    }
    if (options.buffer_records < 1 || options.buffer_records > 1'000'000) {
        return failure(fmt::format("a syslog buffer has 1 to 1000000 records, not {}",
                                   options.buffer_records));
    }
    return {};
}

}  // namespace

std::string to_syslog(const FlowLogRecord& record, const SyslogHeader& header) {
    const auto second = std::chrono::floor<std::chrono::seconds>(record.flow.last_seen);
    const auto rest = std::chrono::floor<std::chrono::milliseconds>(record.flow.last_seen - second);
    std::string message = fmt::format("<{}>1 {:%Y-%m-%dT%H:%M:%S}.{:03}Z {} {} {} {} - {}",
                                      priority_of(record, header),
                                      fmt::gmtime(seconds_of(record)),
                                      rest.count(),
                                      header.host,
                                      header.app,
                                      header.process,
                                      label(record.type),
                                      kCookie);
    append_json(message, record);
    return message;
}

std::string to_local_syslog(const FlowLogRecord& record, const SyslogHeader& header) {
    std::string message = fmt::format("<{}>{:%b %e %H:%M:%S} {}[{}]: {}",
                                      priority_of(record, header),
                                      fmt::localtime(seconds_of(record)),
                                      header.app,
                                      header.process,
                                      kCookie);
    append_json(message, record);
    return message;
}

Result<std::unique_ptr<FlowLogSink>> make_syslog_sink(SyslogSinkOptions options) {
    if (const auto checked = check(options); !checked) {
        return Failure{checked.error()};
    }
    SyslogHeader header{options.facility, host_name(), options.app, ::getpid()};
    return std::make_unique<LineSink>(
        LineSink::Options{
            "syslog", {options.transport, options.host, options.path}, options.buffer_records},
        format_of(options.transport, std::move(header)));
}

}  // namespace tollgate::agent
