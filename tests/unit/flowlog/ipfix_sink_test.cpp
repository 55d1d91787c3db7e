// SPDX-License-Identifier: MIT
#include "agent/flowlog/ipfix_sink.hpp"

#include <gtest/gtest.h>

#include "agent/flowlog/ipfix_message.hpp"
#include "tests/unit/flowlog/receivers.hpp"
#include "tests/unit/flowlog/records.hpp"
#include "tests/unit/flowlog/sink_driver.hpp"

namespace tollgate::agent {
namespace {

using test::LoopbackSocket;
using test::SinkDriver;

// What a test looks at of a message with one set.
struct Message {
    std::uint32_t sequence = 0;
    std::uint16_t set = 0;
    std::size_t records = 0;

    [[nodiscard]] bool is_template() const { return set == 2 || set == 3; }
};

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (const char byte : bytes.substr(at, size)) {
        value = value << 8U | static_cast<unsigned char>(byte);
    }
    return value;
}

constexpr std::size_t kRecordBytes = 71;

Message read(std::string_view bytes) {
    EXPECT_EQ(number(bytes, 2, 2), bytes.size());
    const auto set = static_cast<std::uint16_t>(number(bytes, 16, 2));
    return {
        number(bytes, 8, 4), set, set == 2 || set == 3 ? 0 : (bytes.size() - 20) / kRecordBytes};
}

std::vector<Message> read_all(const LoopbackSocket& collector) {
    std::vector<Message> messages;
    while (const auto bytes = collector.receive()) {
        messages.push_back(read(*bytes));
    }
    return messages;
}

// The messages that have come over a connection.
std::vector<Message> read_all(const FileDescriptor& connection) {
    std::string bytes;
    while (const auto more = test::read_some(connection.get(), 50)) {
        if (more->empty()) {
            break;
        }
        bytes += *more;
    }
    std::vector<Message> messages;
    while (bytes.size() >= 20) {
        const std::size_t size = number(bytes, 2, 2);
        messages.push_back(read(std::string_view{bytes}.substr(0, size)));
        bytes.erase(0, size);
    }
    EXPECT_TRUE(bytes.empty());
    return messages;
}

std::size_t records_in(const std::vector<Message>& messages) {
    std::size_t records = 0;
    for (const Message& message : messages) {
        records += message.records;
    }
    return records;
}

SinkDriver sink_to(const LoopbackSocket& collector,
                   CollectorTransport transport,
                   std::size_t buffer_records = 100) {
    IpfixSinkOptions options;
    options.collector = {"127.0.0.1", collector.port()};
    options.transport = transport;
    options.buffer_records = buffer_records;
    return SinkDriver{std::move(*make_ipfix_sink(options))};
}

TEST(IpfixSink, OverUdpTemplatesGoAheadAndTheSequenceCountsRecords) {
    const LoopbackSocket collector{SOCK_DGRAM};
    SinkDriver driver = sink_to(collector, CollectorTransport::udp);
    driver.write(40, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 40; }));
    const auto messages = read_all(collector);
    ASSERT_EQ(messages.size(), 5U);
    EXPECT_EQ(messages[0].set, 2U);
    EXPECT_EQ(messages[1].set, 3U);
    EXPECT_EQ(messages[1].sequence, 0U);
    EXPECT_EQ(messages[2].records, 17U) << "as many as 1232 bytes hold";
    EXPECT_EQ(messages[2].sequence, 0U);
    EXPECT_EQ(messages[3].sequence, 17U);
    EXPECT_EQ(messages[4].sequence, 34U);
    EXPECT_EQ(records_in(messages), 40U);
    EXPECT_TRUE(driver.adds_up());
}

TEST(IpfixSink, OverUdpTemplatesAreSentAgain) {
    const LoopbackSocket collector{SOCK_DGRAM};
    SinkDriver driver = sink_to(collector, CollectorTransport::udp);
    driver.write(1, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 1; }));
    EXPECT_EQ(read_all(collector).size(), 3U);
    for (int second = 0; second < 61; ++second) {
        driver.flush();
    }
    const auto messages = read_all(collector);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_TRUE(messages[0].is_template());
    EXPECT_TRUE(messages[1].is_template());
    EXPECT_EQ(messages[0].sequence, 1U) << "templates do not count, the record does";
}

TEST(IpfixSink, WhileNobodyListensRecordsWaitAndTheOldestAreLostAndCounted) {
    LoopbackSocket collector{SOCK_DGRAM};
    collector.close();
    SinkDriver driver = sink_to(collector, CollectorTransport::udp);
    driver.write(70, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().errors >= 3; }));
    EXPECT_EQ(driver.counters().waiting, 70U);
    driver.write(50, test::ended_flow());
    EXPECT_EQ(driver.counters().lost, 20U);
    collector.open();
    ASSERT_TRUE(driver.until([&] { return driver.counters().waiting == 0; }));
    EXPECT_EQ(driver.counters().written, 100U);
    EXPECT_EQ(records_in(read_all(collector)), 100U);
    EXPECT_TRUE(driver.adds_up());
}

TEST(IpfixSink, WhatIsRefusedAfterItWasSentIsLostAndCounted) {
    LoopbackSocket collector{SOCK_DGRAM};
    SinkDriver driver = sink_to(collector, CollectorTransport::udp);
    driver.write(1, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 1; }));
    collector.close();
    driver.write(17, test::ended_flow());
    driver.flush();
    EXPECT_EQ(driver.counters().written, 1U);
    EXPECT_EQ(driver.counters().lost, 17U);
    EXPECT_TRUE(driver.adds_up());
}

TEST(IpfixSink, EveryTcpConnectionBeginsWithTemplatesAndItsOwnSequence) {
    const LoopbackSocket collector{SOCK_STREAM};
    SinkDriver driver = sink_to(collector, CollectorTransport::tcp);
    driver.write(20, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 20; }));
    FileDescriptor connection = collector.accept(1000);
    EXPECT_EQ(records_in(read_all(connection)), 20U);

    connection.reset();
    driver.flush();
    EXPECT_GE(driver.counters().errors, 1U);
    driver.write(5, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 25; }));
    connection = collector.accept(1000);
    const auto messages = read_all(connection);
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_TRUE(messages[0].is_template());
    EXPECT_EQ(messages[2].records, 5U);
    EXPECT_EQ(messages[2].sequence, 0U);
    EXPECT_TRUE(driver.adds_up());
}

// The receiver's window and the sender's buffer fill, then ours; what the collector never
// acknowledged is lost when it hangs up.
TEST(IpfixSink, ATcpCollectorThatDoesNotReadCostsCountedRecordsOnly) {
    const LoopbackSocket collector{SOCK_STREAM};
    const int small = 4096;
    ::setsockopt(collector.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    SinkDriver driver = sink_to(collector, CollectorTransport::tcp, 1000);
    driver.write(1, test::ended_flow());
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 1; }));
    ASSERT_TRUE(driver.until([&] {
        driver.write(1000, test::ended_flow());
        return driver.counters().lost > 0;
    }));
    const SinkCounters full = driver.counters();
    EXPECT_GT(full.waiting, 1000U) << "in the buffer and in the kernel";
    EXPECT_TRUE(driver.adds_up());
    FileDescriptor connection = collector.accept(1000);
    connection.reset();
    driver.sink().close(std::chrono::milliseconds{0});
    EXPECT_EQ(driver.counters().lost, full.lost + full.waiting);
    EXPECT_EQ(driver.counters().waiting, 0U);
    EXPECT_TRUE(driver.adds_up());
}

TEST(IpfixSink, ClosingSendsWhatWaits) {
    const LoopbackSocket collector{SOCK_DGRAM};
    SinkDriver driver = sink_to(collector, CollectorTransport::udp);
    driver.write(3, test::ended_flow());
    driver.sink().close(std::chrono::seconds{5});
    EXPECT_EQ(driver.counters().written, 3U);
    EXPECT_EQ(records_in(read_all(collector)), 3U);
}

TEST(IpfixSink, RefusesOptionsOutOfRange) {
    const auto error_of = [](auto&& change) {
        IpfixSinkOptions options;
        options.collector = {"collector.example.org", 4739};
        change(options);
        const auto made = make_ipfix_sink(options);
        return made ? "" : made.error().message();
    };
    using Options = IpfixSinkOptions;
    EXPECT_EQ(error_of([](Options& o) { o.message_bytes = 548; }), "");
    EXPECT_EQ(error_of([](Options& o) { o.message_bytes = 547; }),
              "an IPFIX message has 548 to 65535 bytes, not 547");
    EXPECT_NE(error_of([](Options& o) { o.message_bytes = 65536; }), "");
    EXPECT_NE(error_of([](Options& o) { o.collector.port = 0; }), "");
    EXPECT_NE(error_of([](Options& o) { o.transport = CollectorTransport::local; }), "");
    EXPECT_NE(error_of([](Options& o) { o.template_interval = std::chrono::seconds{0}; }), "");
    EXPECT_NE(error_of([](Options& o) { o.template_interval = std::chrono::hours{2}; }), "");
    EXPECT_NE(error_of([](Options& o) { o.buffer_records = 0; }), "");
    EXPECT_NE(error_of([](Options& o) { o.buffer_records = 1'000'001; }), "");
}

}  // namespace
}  // namespace tollgate::agent
