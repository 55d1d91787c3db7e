// SPDX-License-Identifier: MIT
#include "agent/flowlog/ipfix_sink.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "agent/flowlog/collector_sink.hpp"
#include "agent/flowlog/ipfix_message.hpp"

namespace tollgate::agent {

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr std::string_view kName = "ipfix";

// Over UDP, templates go ahead: if nobody listens, the refusal is back before records are lost.
constexpr Milliseconds kProbeTime{500};

std::uint32_t export_time() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

class IpfixSink : public CollectorSink<FlowLogRecord> {
  public:
    explicit IpfixSink(const IpfixSinkOptions& options)
        : CollectorSink{kName, {options.transport, options.collector, {}}, options.buffer_records},
          options_{options} {}

    void flush(Clock::time_point now) override {
        now_ = now;
        link().poll(now);
        if (link().is_up() && templates_are_due()) {
            send_templates();
        }
        send(Clock::now() + kPatience);
    }

  private:
    // A record says what was lost since the one before; IPFIX has totals only.
    [[nodiscard]] FlowLogRecord entry_of(const FlowLogRecord& given) override {
        FlowLogRecord record = given;
        losses_.flows += record.losses.flows;
        losses_.ends += record.losses.ends;
        losses_.drops += record.losses.drops;
        losses_.records += record.losses.records;
        record.losses = losses_;
        return record;
    }

    [[nodiscard]] bool over_udp() const { return options_.transport == CollectorTransport::udp; }

    [[nodiscard]] bool templates_are_due() const {
        return connection_ != link().connections() ||
               (over_udp() && now_ - templates_sent_ >= options_.template_interval);
    }

    // The collector forgets templates with a TCP connection, and numbers records anew (RFC 7011,
    // 8.1 and 10.4).
    void send_templates() {
        const bool new_connection = connection_ != link().connections();
        if (new_connection && !over_udp()) {
            sequence_ = 0;
        }
        IpfixMessage templates{kIpfixLeastBytes};
        templates.add_templates();
        IpfixMessage options_template{kIpfixLeastBytes};
        options_template.add_options_template();
        if (link().send(templates.finish(header()), 0, kPatience) &&
            link().send(options_template.finish(header()), 0, kPatience)) {
            connection_ = link().connections();
            templates_sent_ = now_;
            ready_ = new_connection && over_udp() ? now_ + kProbeTime : now_;
        }
    }

    void send(Time end) override {
        while (!buffer().empty() && link().is_up() && connection_ == link().connections() &&
               now_ >= ready_) {
            IpfixMessage message{std::min(options_.message_bytes, link().message_limit())};
            while (message.records() < buffer().size() &&
                   message.add(buffer()[message.records()])) {
            }
            const std::uint32_t records = message.records();
            if (!link().send(message.finish(header()), records, left_until(end))) {
                return;
            }
            buffer().pop_front(records);
            sequence_ += records;
        }
    }

    [[nodiscard]] IpfixHeader header() const {
        return {export_time(), sequence_, options_.observation_domain};
    }

    IpfixSinkOptions options_;
    std::uint64_t connection_ = 0;  ///< that the templates were sent in
    Clock::time_point now_{};       ///< of the last flush()
    Clock::time_point templates_sent_{};
    Clock::time_point ready_{};  ///< records may follow the templates
    std::uint32_t sequence_ = 0;
    FlowLogLosses losses_;  ///< in all records so far
};

Result<void> check(const IpfixSinkOptions& options) {
    if (options.collector.host.empty() || options.collector.port == 0) {
        return failure("an IPFIX collector needs a host and a port");
    }
    if (options.transport == CollectorTransport::local) {
        return failure("an IPFIX collector is reached by udp or tcp");
    }
    if (options.message_bytes < kIpfixLeastBytes || options.message_bytes > kIpfixMostBytes) {
        return failure(fmt::format("an IPFIX message has {} to {} bytes, not {}",
                                   kIpfixLeastBytes,
                                   kIpfixMostBytes,
                                   options.message_bytes));
    }
    const auto seconds = options.template_interval.count();
    if (seconds < 1 || seconds > 3600) {
        return failure(fmt::format("IPFIX templates are sent every 1 to 3600 s, not {}", seconds));
    }
    if (options.buffer_records < 1 || options.buffer_records > 1'000'000) {
        return failure(fmt::format("an IPFIX buffer has 1 to 1000000 records, not {}",
                                   options.buffer_records));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<FlowLogSink>> make_ipfix_sink(const IpfixSinkOptions& options) {
    if (const auto checked = check(options); !checked) {
        return Failure{checked.error()};
    }
    return std::make_unique<IpfixSink>(options);
}

}  // namespace tollgate::agent
