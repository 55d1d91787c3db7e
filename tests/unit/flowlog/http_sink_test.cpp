// SPDX-License-Identifier: MIT
#include "agent/flowlog/http_sink.hpp"

#include <algorithm>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/flowlog/record_json.hpp"
#include "agent/system/file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/flowlog/http_receiver.hpp"
#include "tests/unit/flowlog/receivers.hpp"
#include "tests/unit/flowlog/records.hpp"
#include "tests/unit/flowlog/sink_driver.hpp"

namespace tollgate::agent {
namespace {

using std::chrono::milliseconds;
using test::HttpReceiver;
using test::SinkDriver;
using ::testing::HasSubstr;

struct HttpSink : ::testing::Test {
    test::TemporaryFolder folder;
    HttpSinkOptions options;

    HttpSink() {
        options.batch_records = 10;
        options.batch_age = std::chrono::seconds{1};
        options.timeout = milliseconds{2000};
        options.retry_first = milliseconds{10};
        options.retry_most = milliseconds{2000};
        options.spool_folder = folder.path() / "spool";
    }

    void send_to(const HttpReceiver& receiver) {
        options.url = fmt::format("http://127.0.0.1:{}/ingest", receiver.port());
    }
    [[nodiscard]] SinkDriver sink() const {
        return SinkDriver{std::move(*make_http_sink(options))};
    }
    [[nodiscard]] std::string refusal() const {
        const auto made = make_http_sink(options);
        return made ? "" : made.error().message();
    }
};

// Records that can be told from each other, in lines.
std::vector<FlowLogRecord> numbered(std::size_t count) {
    std::vector<FlowLogRecord> records(count, test::ended_flow());
    for (std::size_t i = 0; i < count; ++i) {
        records[i].generation = static_cast<std::uint32_t>(i + 1);
    }
    return records;
}

std::vector<std::string> lines_of(const std::vector<FlowLogRecord>& records) {
    std::vector<std::string> lines;
    for (const FlowLogRecord& record : records) {
        append_json(lines.emplace_back(), record);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::vector<std::string> lines_of(const std::map<std::string, std::string>& batches) {
    std::vector<std::string> lines;
    for (const auto& [id, body] : batches) {
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = body.find('\n', begin)) != std::string::npos;
             begin = end + 1) {
            lines.push_back(body.substr(begin, end - begin));
        }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

TEST_F(HttpSink, PostsBatchesOfJsonLinesWithAnIdEach) {
    const HttpReceiver receiver;
    send_to(receiver);
    ASSERT_TRUE(write_file(folder.path() / "token", "s3cret\n"));
    options.token_file = folder.path() / "token";
    SinkDriver driver = sink();
    const auto records = numbered(25);
    driver.write(records);
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 25; }));
    const auto requests = receiver.requests();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[0].content_type, "application/x-ndjson");
    EXPECT_EQ(requests[0].authorization, "Bearer s3cret");
    EXPECT_THAT(requests[0].id, ::testing::MatchesRegex("\"[0-9a-f]+-1\""));
    EXPECT_EQ(receiver.batches().size(), 3U);
    EXPECT_EQ(lines_of(receiver.batches()), lines_of(records));
    EXPECT_TRUE(driver.adds_up());
}

TEST_F(HttpSink, ABatchIsNotLargerThanItMayBe) {
    const HttpReceiver receiver;
    send_to(receiver);
    options.batch_records = 10'000;
    options.batch_bytes = 4096;
    SinkDriver driver = sink();
    const auto records = numbered(50);
    driver.write(records);
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 50; }));
    for (const auto& request : receiver.requests()) {
        EXPECT_LE(request.body.size(), 4096U);
        EXPECT_GT(request.body.size(), 2048U * (request.id != receiver.requests().back().id));
    }
    EXPECT_EQ(lines_of(receiver.batches()), lines_of(records));
}

// 503 is what this receiver says after it has kept a batch.
TEST_F(HttpSink, AReceiverThatKnowsIdsHasEveryRecordOnceAfterFailures) {
    HttpReceiver receiver;
    receiver.answer_with({{500}, {503}, {204}, {503}, {408}, {502}});
    send_to(receiver);
    SinkDriver driver = sink();
    const auto records = numbered(100);
    driver.write(records);
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 100; }));
    EXPECT_EQ(receiver.requests().size(), 10U + 5);
    EXPECT_EQ(receiver.batches().size(), 10U);
    EXPECT_EQ(lines_of(receiver.batches()), lines_of(records));
    EXPECT_EQ(driver.counters().errors, 5U);
    EXPECT_TRUE(driver.adds_up());
}

TEST_F(HttpSink, WhatIsRefusedIsLostAndNotSentAgain) {
    for (const int status : {400, 401, 413, 301}) {
        HttpReceiver receiver;
        receiver.answer_with({{status}});
        send_to(receiver);
        SinkDriver driver = sink();
        driver.write(numbered(20));
        ASSERT_TRUE(driver.until([&] { return driver.counters().waiting == 0; }));
        EXPECT_EQ(driver.counters().lost, 10U) << status;
        EXPECT_EQ(driver.counters().written, 10U);
        EXPECT_EQ(receiver.requests().size(), 2U);
        EXPECT_TRUE(driver.adds_up());
    }
}

TEST_F(HttpSink, WaitsAsLongAsTheReceiverAsksButNotForEver) {
    HttpReceiver receiver;
    receiver.answer_with({{429, "1"}});
    send_to(receiver);
    SinkDriver driver = sink();
    driver.write(numbered(10));
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 10; }));
    auto requests = receiver.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_GE(requests[1].at - requests[0].at, milliseconds{1000});

    options.retry_most = milliseconds{100};
    receiver.answer_with({{429, "3600"}});
    SinkDriver impatient = sink();
    impatient.write(numbered(10));
    ASSERT_TRUE(impatient.until([&] { return impatient.counters().written == 10; }));
}

TEST_F(HttpSink, AReceiverThatHangsDoesNotHoldTheFlowLogUp) {
    HttpReceiver receiver;
    options.timeout = milliseconds{100};
    receiver.answer_with({{204, "", milliseconds{400}}});
    send_to(receiver);
    SinkDriver driver = sink();
    const auto records = numbered(100);
    const auto before = std::chrono::steady_clock::now();
    driver.write(records);
    EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds{1000});
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 100; }));
    EXPECT_EQ(lines_of(receiver.batches()), lines_of(records));
    EXPECT_GE(driver.counters().errors, 1U);
    EXPECT_TRUE(driver.adds_up());
}

TEST_F(HttpSink, WhatWaitsIsDeliveredByTheNextRunUnderTheSameIds) {
    const auto records = numbered(35);
    const test::LoopbackSocket nobody{SOCK_DGRAM};  // its TCP port is closed
    options.url = fmt::format("http://127.0.0.1:{}/", nobody.port());
    SinkDriver first = sink();
    first.write(records);
    ASSERT_TRUE(first.until([&] { return first.counters().errors > 2; }));
    first.sink().close(milliseconds{100});
    EXPECT_EQ(first.counters().waiting, 35U) << "in the spool";
    EXPECT_EQ(first.counters().lost, 0U);

    HttpReceiver receiver;
    receiver.answer_with({{503}});
    send_to(receiver);
    SinkDriver next = sink();
    EXPECT_EQ(next.counters().waiting, 35U);
    ASSERT_TRUE(next.until([&] { return next.counters().written == 35; }));
    EXPECT_EQ(lines_of(receiver.batches()), lines_of(records));
    EXPECT_EQ(receiver.requests()[0].id, receiver.requests()[1].id);
}

TEST_F(HttpSink, WithoutASpoolWhatCannotBeSentIsLostAtTheEnd) {
    const test::LoopbackSocket nobody{SOCK_DGRAM};
    options.url = fmt::format("http://127.0.0.1:{}/", nobody.port());
    options.spool_folder.clear();
    SinkDriver driver = sink();
    driver.write(numbered(35));
    driver.sink().close(milliseconds{100});
    EXPECT_EQ(driver.counters().lost, 35U);
    EXPECT_TRUE(driver.adds_up());
}

TEST_F(HttpSink, ClosingSendsWhatIsInTheMaking) {
    const HttpReceiver receiver;
    send_to(receiver);
    SinkDriver driver = sink();
    driver.write(numbered(3));
    driver.sink().close(milliseconds{5000});
    EXPECT_EQ(driver.counters().written, 3U);
    EXPECT_EQ(lines_of(receiver.batches()).size(), 3U);
}

// For localhost, signed by itself.
void make_certificate(const std::string& certificate, const std::string& key) {
    std::vector<std::string> words{"openssl",
                                   "req",
                                   "-x509",
                                   "-newkey",
                                   "ec",
                                   "-pkeyopt",
                                   "ec_paramgen_curve:P-256",
                                   "-nodes",
                                   "-days",
                                   "2",
                                   "-subj",
                                   "/CN=localhost",
                                   "-addext",
                                   "subjectAltName=DNS:localhost,IP:127.0.0.1",
                                   "-keyout",
                                   key,
                                   "-out",
                                   certificate};
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_t child = 0;
    ASSERT_EQ(::posix_spawnp(&child, "openssl", nullptr, nullptr, arguments.data(), environ), 0);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
}

TEST_F(HttpSink, OverTlsOnlyATrustedReceiverGetsAnything) {
    const std::string certificate = (folder.path() / "cert.pem").string();
    const std::string key = (folder.path() / "key.pem").string();
    make_certificate(certificate, key);
    const HttpReceiver receiver{
        std::make_unique<httplib::SSLServer>(certificate.c_str(), key.c_str())};
    options.url = fmt::format("https://localhost:{}/", receiver.port());
    options.batch_records = 10;
    SinkDriver distrusting = sink();
    distrusting.write(numbered(10));
    ASSERT_TRUE(distrusting.until([&] { return distrusting.counters().errors > 1; }));
    EXPECT_TRUE(receiver.requests().empty());
    distrusting.sink().close(milliseconds{0});

    options.ca_file = certificate;
    SinkDriver trusting = sink();
    ASSERT_TRUE(trusting.until([&] { return trusting.counters().written == 10; }));
    EXPECT_EQ(lines_of(receiver.batches()), lines_of(numbered(10)));
}

TEST_F(HttpSink, RefusesOptionsThatCannotWork) {
    options.url = "https://logs.example.org/";
    EXPECT_EQ(refusal(), "");
    options.batch_records = 0;
    EXPECT_EQ(refusal(), "batch_records of an HTTP receiver is out of range");
    options.batch_records = 10;
    options.url = "logs.example.org";
    EXPECT_EQ(refusal(), "logs.example.org is no http or https URL");
    options.url = "http://logs.example.org/";
    ASSERT_TRUE(write_file(folder.path() / "token", "s3cret\n"));
    options.token_file = folder.path() / "token";
    EXPECT_EQ(refusal(), "a token is sent over https only, or to this host");
}

TEST_F(HttpSink, SaysWhichFileItCannotUse) {
    options.url = "https://logs.example.org/";
    ASSERT_TRUE(write_file(folder.path() / "token", "s3cret\n"));
    options.token_file = folder.path() / "token";
    EXPECT_EQ(sink().sink().problem(), "");
    ASSERT_TRUE(write_file(folder.path() / "token", "s3cret\n", 0644));
    EXPECT_THAT(sink().sink().problem(), HasSubstr("is open to other users"));
    options.token_file.clear();
    options.ca_file = folder.path() / "token";
    EXPECT_THAT(sink().sink().problem(), HasSubstr("holds no certificate"));
    options.ca_file.clear();
    options.spool_folder = folder.path() / "token";
    EXPECT_THAT(sink().sink().problem(), HasSubstr("Not a directory"));
}

TEST_F(HttpSink, ATokenFileThatIsMendedLaterLosesNoRecord) {
    HttpReceiver receiver;
    send_to(receiver);
    options.token_file = folder.path() / "token";
    ASSERT_TRUE(write_file(options.token_file, "s3cret\n", 0644));
    SinkDriver late = sink();
    late.write(numbered(25));
    late.flush();
    EXPECT_EQ(late.counters().waiting, 25U);
    EXPECT_GE(late.counters().errors, 1U);
    ASSERT_TRUE(write_file(options.token_file, "s3cret\n", 0600));
    ASSERT_TRUE(late.until([&] { return late.counters().written == 25; }));
    EXPECT_TRUE(late.adds_up());
    EXPECT_EQ(late.sink().problem(), "");
    EXPECT_EQ(lines_of(receiver.batches()), lines_of(numbered(25)));
    EXPECT_EQ(receiver.requests().front().authorization, "Bearer s3cret");
}

TEST_F(HttpSink, AsLongAsAReceiverRefusesItSaysSo) {
    HttpReceiver receiver;
    send_to(receiver);
    receiver.answer_with({{.status = 503}, {.status = 503}});
    SinkDriver driver = sink();
    driver.write(numbered(10));
    ASSERT_TRUE(driver.until([&] { return !driver.sink().problem().empty(); }));
    EXPECT_EQ(driver.sink().problem(), "HTTP status 503");
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 10; }));
    EXPECT_EQ(driver.sink().problem(), "");
}

}  // namespace
}  // namespace tollgate::agent
