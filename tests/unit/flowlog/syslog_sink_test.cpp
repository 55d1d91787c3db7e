// SPDX-License-Identifier: MIT
#include "agent/flowlog/syslog_sink.hpp"

#include <cstdlib>
#include <ctime>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/flowlog/record_json.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/flowlog/receivers.hpp"
#include "tests/unit/flowlog/records.hpp"
#include "tests/unit/flowlog/sink_driver.hpp"

namespace tollgate::agent {
namespace {

using test::LoopbackSocket;
using test::PathSocket;
using test::SinkDriver;

const SyslogHeader kHeader{16, "board", "tollgated", 42};

std::string json_of(const FlowLogRecord& record) {
    std::string json;
    append_json(json, record);
    return json;
}

std::string cee(const FlowLogRecord& record) {
    return "@cee: " + json_of(record);
}

SinkDriver sink_with(SyslogSinkOptions options) {
    return SinkDriver{std::move(*make_syslog_sink(std::move(options)))};
}

SyslogSinkOptions local(const PathSocket& daemon) {
    SyslogSinkOptions options;
    options.path = daemon.path();
    return options;
}

SyslogSinkOptions remote(const LoopbackSocket& daemon, CollectorTransport transport) {
    SyslogSinkOptions options;
    options.transport = transport;
    options.host = {"127.0.0.1", daemon.port()};
    return options;
}

TEST(Syslog, AMessageIsThatOfRfc5424) {
    const FlowLogRecord flow = test::ended_flow();
    EXPECT_EQ(to_syslog(flow, kHeader),
              "<134>1 2026-11-16T10:00:05.000Z board tollgated 42 end - " + cee(flow));
    const FlowLogRecord drop = test::dropped();
    EXPECT_EQ(to_syslog(drop, kHeader),
              "<133>1 2026-11-16T10:00:05.000Z board tollgated 42 drop - " + cee(drop));
    FlowLogRecord lost;
    lost.type = FlowLogType::lost;
    lost.flow.last_seen = test::kMonday;
    lost.losses.drops = 3;
    EXPECT_EQ(to_syslog(lost, {3, "-", "x", 1}),
              "<28>1 2026-11-16T10:00:00.000Z - x 1 lost - " + cee(lost));
}

TEST(Syslog, ALocalMessageIsThatOfTheSyslogFunction) {
    ::setenv("TZ", "UTC-2", 1);
    ::tzset();
    const FlowLogRecord flow = test::ended_flow();
    EXPECT_EQ(to_local_syslog(flow, kHeader), "<134>Nov 16 12:00:05 tollgated[42]: " + cee(flow));
    ::unsetenv("TZ");
    ::tzset();
}

TEST(SyslogSink, SendsADatagramForEachRecordToALocalDaemon) {
    const test::TemporaryFolder folder;
    const PathSocket daemon{folder.path() / "log"};
    SinkDriver driver = sink_with(local(daemon));
    driver.write({test::ended_flow(), test::dropped()});
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 2; }));
    EXPECT_TRUE(daemon.receive()->ends_with(cee(test::ended_flow())));
    EXPECT_TRUE(daemon.receive()->ends_with(cee(test::dropped())));
    EXPECT_EQ(daemon.receive(), std::nullopt);
    EXPECT_TRUE(driver.adds_up());
}

TEST(SyslogSink, WhatALocalDaemonDoesNotReadWaitsAndTheOldestAreLostAndCounted) {
    const test::TemporaryFolder folder;
    const PathSocket daemon{folder.path() / "log"};
    SyslogSinkOptions options = local(daemon);
    options.buffer_records = 50;
    SinkDriver driver = sink_with(options);
    driver.flush();
    driver.write(1000, test::ended_flow());
    driver.flush();
    EXPECT_GT(driver.counters().lost, 0U);
    EXPECT_EQ(driver.counters().waiting, 50U);
    EXPECT_EQ(driver.counters().written + driver.counters().lost, 950U);
    EXPECT_TRUE(driver.adds_up());
    std::uint64_t received = 0;
    ASSERT_TRUE(driver.until([&] {
        while (daemon.receive()) {
            ++received;
        }
        return driver.counters().waiting == 0;
    }));
    EXPECT_EQ(received, driver.counters().written);
    EXPECT_TRUE(driver.adds_up());
}

TEST(SyslogSink, GoesOnWhenTheDaemonIsThereAgain) {
    const test::TemporaryFolder folder;
    PathSocket daemon{folder.path() / "log"};
    SinkDriver driver = sink_with(local(daemon));
    driver.write(1, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 1; }));
    daemon.close();
    driver.write(3, test::dropped());
    driver.flush();
    EXPECT_EQ(driver.counters().waiting, 3U);
    daemon.open();
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 4; }));
    EXPECT_EQ(driver.counters().lost, 0U);
}

TEST(SyslogSink, OverUdpAMessageIsADatagram) {
    const LoopbackSocket daemon{SOCK_DGRAM};
    SinkDriver driver = sink_with(remote(daemon, CollectorTransport::udp));
    driver.write(2, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 2; }));
    const std::string message = daemon.receive().value_or("");
    EXPECT_TRUE(message.starts_with("<134>1 2026-11-16T10:00:05.000Z ")) << message;
    EXPECT_TRUE(message.ends_with(" end - " + cee(test::ended_flow()))) << message;
}

TEST(SyslogSink, OverTcpTheLengthStandsInFront) {
    const LoopbackSocket daemon{SOCK_STREAM};
    SinkDriver driver = sink_with(remote(daemon, CollectorTransport::tcp));
    driver.write(2, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 2; }));
    const FileDescriptor connection = daemon.accept(1000);
    const std::string bytes = test::read_some(connection.get(), 1000).value_or("");
    const std::size_t length = std::stoul(bytes);
    const std::string prefix = fmt::format("{} <134>1 ", length);
    EXPECT_TRUE(bytes.starts_with(prefix)) << bytes;
    const std::size_t whole = length + fmt::format("{} ", length).size();
    EXPECT_EQ(bytes.size(), 2 * whole);
    EXPECT_EQ(bytes.substr(0, whole), bytes.substr(whole));
}

TEST(SyslogSink, RefusesOptionsThatCannotWork) {
    const auto works = [](auto&& change) {
        SyslogSinkOptions options;
        options.host = {"logs.example.org", 514};
        change(options);
        return make_syslog_sink(options).has_value();
    };
    using Options = SyslogSinkOptions;
    EXPECT_TRUE(works([](Options&) {}));
    EXPECT_TRUE(works([](Options& o) { o.facility = 23; }));
    EXPECT_FALSE(works([](Options& o) { o.facility = 24; }));
    EXPECT_FALSE(works([](Options& o) { o.app = "two words"; }));
    EXPECT_FALSE(works([](Options& o) { o.app = std::string(49, 'x'); }));
    EXPECT_FALSE(works([](Options& o) { o.path.clear(); }));
    EXPECT_FALSE(works([](Options& o) { o.buffer_records = 0; }));
    EXPECT_FALSE(works([](Options& o) {
        o.transport = CollectorTransport::tcp;
        o.host.port = 0;
    }));
}

}  // namespace
}  // namespace tollgate::agent
