// SPDX-License-Identifier: MIT
// Sends flow log records to a collector, through a sink as the daemon makes it:
//
//     flow_log_sender ipfix-udp|ipfix-tcp|syslog-udp|syslog-tcp HOST:PORT COUNT [NAME-BYTES]
//     flow_log_sender syslog-local|journal|file PATH COUNT [NAME-BYTES]
//
// Record N is at second N of 2026-11-16, 10:00 UTC, from port 1024 + N; every fourth is a flow over
// IPv4, the next one over IPv6, the next an echo request, the next a drop; one more, the last,
// tells of a loss. Every third has names that are hard to quote, the first a remote name of
// NAME-BYTES letters. Prints what became of them: "written=9 lost=0 waiting=0".
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "agent/flowlog/ipfix_sink.hpp"
#include "agent/flowlog/journal_sink.hpp"
#include "agent/flowlog/json_file_sink.hpp"
#include "agent/flowlog/syslog_sink.hpp"
#include "tests/unit/flowlog/records.hpp"

namespace {

using namespace tollgate;
using Sink = Result<std::unique_ptr<agent::FlowLogSink>>;

constexpr std::size_t kBatch = 100;

agent::FlowLogRecord record_of(std::size_t number) {
    agent::FlowLogRecord record = test::ended_flow();
    switch (number % 4) {
        case 1:
            record.flow.remote = test::ip("2001:db8::1");
            record.flow.local = test::ip("2001:db8::50");
            break;
        case 2:
            record.flow.protocol = IPPROTO_ICMP;
            record.flow.icmp_type = 8;
            break;
        case 3:
            record = test::dropped();
            break;
        default:
            break;
    }
    record.flow.first_seen = test::kMonday + std::chrono::seconds{number};
    record.flow.last_seen = record.flow.first_seen + std::chrono::milliseconds{500};
    (number % 4 == 3 ? record.flow.remote_port : record.flow.local_port) =
        static_cast<std::uint16_t>(1024 + number % 60'000);
    record.flow.packets[TG_INGRESS] = 1 + number;
    if (number % 3 == 1) {
        record.rule = "\"B\u00fcro\" \\ \u6771\u4eac\n\t@cee: {\"rule\":\"forged\"}";
        record.flow.peer = "Zo\u00eb's 'laptop', %s\x7f";
    }
    return record;
}

Sink make_syslog_sink(const std::string& kind, const std::string& place) {
    agent::SyslogSinkOptions options;
    if (kind == "syslog-local") {
        options.path = place;
    } else {
        options.host = agent::HostPort::parse(place).value_or(agent::HostPort{});
        options.transport =
            kind == "syslog-tcp" ? agent::CollectorTransport::tcp : agent::CollectorTransport::udp;
    }
    return agent::make_syslog_sink(options);
}

Sink make_sink(const std::string& kind, const std::string& place) {
    if (kind.starts_with("ipfix-")) {
        agent::IpfixSinkOptions options;
        options.collector = agent::HostPort::parse(place).value_or(agent::HostPort{});
        options.transport =
            kind == "ipfix-tcp" ? agent::CollectorTransport::tcp : agent::CollectorTransport::udp;
        return agent::make_ipfix_sink(options);
    }
    if (kind.starts_with("syslog-")) {
        return make_syslog_sink(kind, place);
    }
    if (kind == "journal") {
        return agent::make_journal_sink({.path = place});
    }
    if (kind == "file") {
        return std::make_unique<agent::JsonFileSink>(agent::JsonFileOptions{.path = place});
    }
    return failure(fmt::format("no sink is called {}", kind));
}

void send(agent::FlowLogSink& sink, std::size_t count, std::size_t name_bytes) {
    for (std::size_t sent = 0; sent < count;) {
        std::vector<agent::FlowLogRecord> batch;
        while (batch.size() < kBatch && sent < count) {
            batch.push_back(record_of(sent));
            if (sent++ == 0 && name_bytes > 0) {
                batch.back().remote_name.assign(name_bytes, 'n');
            }
        }
        sink.write(batch);
        sink.flush(std::chrono::steady_clock::now());
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    agent::FlowLogRecord lost;
    lost.type = agent::FlowLogType::lost;
    lost.losses.flows = 1;
    sink.write(std::vector{lost});
    sink.close(std::chrono::seconds{10});
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    if (arguments.size() != 3 && arguments.size() != 4) {
        return EXIT_FAILURE;
    }
    const Sink sink = make_sink(arguments[0], arguments[1]);
    if (!sink) {
        std::cerr << sink.error().message() << '\n';
        return EXIT_FAILURE;
    }
    send(**sink, std::stoul(arguments[2]), arguments.size() == 4 ? std::stoul(arguments[3]) : 0);
    const agent::SinkCounters counters = (*sink)->counters();
    std::cout << fmt::format(
        "written={} lost={} waiting={}\n", counters.written, counters.lost, counters.waiting);
    return EXIT_SUCCESS;
}
