// SPDX-License-Identifier: MIT
#include "agent/flowlog/settings.hpp"

#include <gtest/gtest.h>

#include "policy/yaml_strict.hpp"

namespace tollgate::agent {
namespace {

struct Reading {
    FlowLogSettings settings;
    std::string problems;
};

Reading read(std::string_view yaml) {
    std::vector<policy::Problem> problems;
    const auto root = policy::parse_yaml(yaml, problems);
    Reading reading;
    reading.settings = read_flow_log(*root, problems);
    reading.problems = policy::format_problems("f", problems);
    return reading;
}

TEST(FlowLogSettings, WhatIsAbsentKeepsItsDefault) {
    const auto [settings, problems] = read("sinks: [{type: file}]");
    EXPECT_EQ(problems, "");
    EXPECT_EQ(settings.interval, std::chrono::seconds{60});
    EXPECT_TRUE(settings.flows && settings.drops && settings.would_drops);
    ASSERT_EQ(settings.sinks.size(), 1U);
    const auto& file = std::get<JsonFileOptions>(settings.sinks[0]);
    EXPECT_EQ(file.path, "/var/log/tollgate/flows.jsonl");
    EXPECT_EQ(file.rotate_bytes, 64U << 20U);
    EXPECT_EQ(file.rotate_count, 8U);
}

TEST(FlowLogSettings, EveryKeyIsRead) {
    const auto [settings, problems] = read(R"(
interval: 10
events: [drops]
sinks:
  - {type: file, path: /data/f, rotateMebibytes: 2, rotateCount: 3}
  - {type: stdout}
  - type: ipfix
    collector: "[2001:db8::5]:4739"
    transport: tcp
    observationDomain: 7
    messageBytes: 600
    templateInterval: 3
    bufferRecords: 5
)");
    EXPECT_EQ(problems, "");
    EXPECT_EQ(settings.interval, std::chrono::seconds{10});
    EXPECT_TRUE(!settings.flows && settings.drops && !settings.would_drops);
    ASSERT_EQ(settings.sinks.size(), 3U);
    const auto& file = std::get<JsonFileOptions>(settings.sinks[0]);
    EXPECT_EQ(file.path, "/data/f");
    EXPECT_EQ(file.rotate_bytes, 2U << 20U);
    EXPECT_EQ(file.rotate_count, 3U);
    EXPECT_TRUE(std::holds_alternative<StdoutOptions>(settings.sinks[1]));
    const auto& ipfix = std::get<IpfixSinkOptions>(settings.sinks[2]);
    EXPECT_EQ(ipfix.collector.host, "2001:db8::5");
    EXPECT_EQ(ipfix.collector.port, 4739);
    EXPECT_EQ(ipfix.transport, CollectorTransport::tcp);
    EXPECT_EQ(ipfix.observation_domain, 7U);
    EXPECT_EQ(ipfix.message_bytes, 600U);
    EXPECT_EQ(ipfix.template_interval, std::chrono::seconds{3});
    EXPECT_EQ(ipfix.buffer_records, 5U);
}

TEST(FlowLogSettings, EveryKeyOfSyslogJournalAndHttpIsRead) {
    const auto [settings, problems] = read(R"(
sinks:
  - {type: syslog, transport: udp, host: "192.0.2.5:514", facility: 3, app: gate, bufferRecords: 9}
  - {type: journal, path: /run/journal, bufferRecords: 8}
  - type: http
    url: https://collector.example/in
    caFile: /ca.pem
    tokenFile: /token
    spoolFolder: /spool
    spoolBytes: 2000000
    memoryBytes: 70000
    batchRecords: 7
    batchBytes: 5000
    batchAge: 2
    timeout: 3
)");
    EXPECT_EQ(problems, "");
    ASSERT_EQ(settings.sinks.size(), 3U);
    const auto& syslog = std::get<SyslogSinkOptions>(settings.sinks[0]);
    EXPECT_EQ(syslog.transport, CollectorTransport::udp);
    EXPECT_EQ(syslog.host.port, 514);
    EXPECT_EQ(syslog.facility, 3);
    EXPECT_EQ(syslog.app, "gate");
    EXPECT_EQ(syslog.buffer_records, 9U);
    EXPECT_EQ(std::get<JournalSinkOptions>(settings.sinks[1]).path, "/run/journal");
    const auto& http = std::get<HttpSinkOptions>(settings.sinks[2]);
    EXPECT_EQ(http.url, "https://collector.example/in");
    EXPECT_EQ(http.ca_file, "/ca.pem");
    EXPECT_EQ(http.token_file, "/token");
    EXPECT_EQ(http.spool_folder, "/spool");
    EXPECT_EQ(http.spool_bytes, 2'000'000U);
    EXPECT_EQ(http.memory_bytes, 70'000U);
    EXPECT_EQ(http.batch_records, 7U);
    EXPECT_EQ(http.batch_bytes, 5'000U);
    EXPECT_EQ(http.batch_age, std::chrono::seconds{2});
    EXPECT_EQ(http.timeout, std::chrono::seconds{3});
}

TEST(FlowLogSettings, WhatDoesNotFitIsReportedWithItsPlace) {
    const std::pair<const char*, const char*> wrong[] = {
        {"interval: 60", "sinks"},
        {"sinks: []", "f:1:8"},
        {"sinks: [{type: file}]\nevents: []", "f:2:9"},
        {"sinks: [{type: file}]\ninterval: 4", "f:2:11: error: interval must be from 5 to 86400"},
        {"sinks: [{type: file}]\nevents: [all]", "f:2:10"},
        {"sinks: [{type: kafka}]", "f:1:16"},
        {"sinks: [{type: file, paht: /x}]", "f:1:22"},
        {"sinks: [{type: stdout, path: /x}]", "f:1:24"},
        {"sinks: [{type: file, path: x}]", "f:1:28: error: path must be a path from the root"},
        {"sinks: [{type: file, rotateCount: 0}]",
         "f:1:35: error: rotateCount must be from 1 to 999"},
        {"sinks: [{type: ipfix}]", "collector"},
        {"sinks: [{type: ipfix, collector: somewhere}]",
         "f:1:34: error: 'somewhere' is no host and port"},
        {"sinks: [{type: ipfix, collector: 'a:1', transport: sctp}]", "f:1:52"},
        {"sinks: [{type: http, url: 'http://a.example/', timeout: 0}]",
         "f:1:57: error: timeout must be from 1 to 60"},
        {"sinks: [{type: http, url: 'http://a.example/', timeout: 61}]",
         "f:1:57: error: timeout must be from 1 to 60"},
        {"sinks: [{type: stdout}, {type: stdout}]", "a sink of the type stdout already"},
    };
    for (const auto& [yaml, problem] : wrong) {
        EXPECT_NE(read(yaml).problems.find(problem), std::string::npos) << yaml << "\n"
                                                                        << read(yaml).problems;
    }
}

TEST(FlowLogSettings, EachKindOfOptionsMakesItsSink) {
    const auto sinks = make_sinks(
        read("sinks: [{type: stdout}, {type: file}, {type: ipfix, collector: 'a:1'}]").settings);
    ASSERT_TRUE(sinks);
    ASSERT_EQ(sinks->size(), 3U);
    EXPECT_EQ((*sinks)[0]->name(), "stdout");
    EXPECT_EQ((*sinks)[1]->name(), "file");
    EXPECT_EQ((*sinks)[2]->name(), "ipfix");
}

}  // namespace
}  // namespace tollgate::agent
