// SPDX-License-Identifier: MIT
#include "agent/flowlog/journal_sink.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/flowlog/record_json.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/flowlog/receivers.hpp"
#include "tests/unit/flowlog/records.hpp"
#include "tests/unit/flowlog/sink_driver.hpp"

namespace tollgate::agent {
namespace {

using test::SinkDriver;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string json_of(const FlowLogRecord& record) {
    std::string json;
    append_json(json, record);
    return json;
}

TEST(JournalEntry, HasTheJsonAsMessageAndWhatOneLooksForInFields) {
    const FlowLogRecord flow = test::ended_flow();
    EXPECT_EQ(to_journal_entry(flow),
              "MESSAGE=" + json_of(flow) +
                  "\n"
                  "MESSAGE_ID=6c1f0b7a5d3e4b0f9a52e8c4d7b3160e\n"
                  "PRIORITY=6\n"
                  "SYSLOG_IDENTIFIER=tollgated\n"
                  "TOLLGATE_TYPE=end\n"
                  "TOLLGATE_DIRECTION=egress\n"
                  "TOLLGATE_PROTOCOL=tcp\n"
                  "TOLLGATE_REMOTE=192.0.2.10\n"
                  "TOLLGATE_REMOTE_PORT=443\n"
                  "TOLLGATE_LOCAL=192.168.1.50\n"
                  "TOLLGATE_LOCAL_PORT=40000\n"
                  "TOLLGATE_REMOTE_NAME=www.example.org\n"
                  "TOLLGATE_INTERFACE=eth0\n"
                  "TOLLGATE_RULE=web\n");
}

TEST(JournalEntry, SaysWhyAndHowUrgent) {
    const std::string drop = to_journal_entry(test::dropped());
    EXPECT_THAT(drop, HasSubstr("\nPRIORITY=5\n"));
    EXPECT_THAT(drop, HasSubstr("\nTOLLGATE_REASON=policy_default\n"));
    EXPECT_THAT(drop, Not(HasSubstr("TOLLGATE_RULE")));
    FlowLogRecord lost;
    lost.type = FlowLogType::lost;
    EXPECT_THAT(to_journal_entry(lost), EndsWith("\nTOLLGATE_TYPE=lost\n"));
    EXPECT_THAT(to_journal_entry(lost), HasSubstr("\nPRIORITY=4\n"));
}

// Nothing that a peer or a name server says can make a field of its own.
TEST(JournalEntry, AValueWithALineBreakHasItsLengthInFront) {
    FlowLogRecord record = test::ended_flow();
    record.remote_name = "a\nPRIORITY=0";
    const std::string entry = to_journal_entry(record);
    const std::string length{"\x0c\0\0\0\0\0\0\0", 8};
    EXPECT_THAT(entry,
                HasSubstr("\nTOLLGATE_REMOTE_NAME\n" + length + "a\nPRIORITY=0\nTOLLGATE_INTER"));
}

TEST(JournalSink, SendsADatagramForEachRecord) {
    const test::TemporaryFolder folder;
    const test::PathSocket journal{folder.path() / "socket"};
    SinkDriver driver{std::move(*make_journal_sink({journal.path(), 100}))};
    driver.write({test::ended_flow(), test::dropped()});
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 2; }));
    EXPECT_EQ(journal.receive(), to_journal_entry(test::ended_flow()));
    EXPECT_EQ(journal.receive(), to_journal_entry(test::dropped()));
    EXPECT_TRUE(driver.adds_up());
}

TEST(JournalSink, RefusesOptionsThatCannotWork) {
    EXPECT_FALSE(make_journal_sink({"", 100}));
    EXPECT_FALSE(make_journal_sink({"/run/x", 0}));
    EXPECT_FALSE(make_journal_sink({"/run/x", 1'000'001}));
    EXPECT_TRUE(make_journal_sink({"/run/x", 1'000'000}));
}

}  // namespace
}  // namespace tollgate::agent
