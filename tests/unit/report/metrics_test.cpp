// SPDX-License-Identifier: MIT
#include "agent/report/metrics.hpp"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string file(const char* path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

TEST(Metrics, TheDocumentationHasTheTableOfTheCode) {
    EXPECT_THAT(file("docs/metrics.md"), HasSubstr(metrics_table()));
}

TEST(Metrics, AreWrittenAsPrometheusReadsThem) {
    MetricsPage page;
    page.add(Metric::drops, {{"interface", "eth0"}, {"reason", "martian"}}, 7U);
    page.add(Metric::policy_generation, {}, 12U);
    const std::string text = page.to_text();
    EXPECT_THAT(text, HasSubstr("# TYPE tollgate_drops_total counter\n"));
    EXPECT_THAT(text, HasSubstr("tollgate_drops_total{interface=\"eth0\",reason=\"martian\"} 7\n"));
    EXPECT_THAT(text, HasSubstr("tollgate_policy_generation 12\n"));
    EXPECT_THAT(text, Not(HasSubstr("tollgate_flows")));
}

TEST(Metrics, QuotesInLabelsCannotForgeASample) {
    MetricsPage page;
    page.add(Metric::mode, {{"interface", "a\"} 1\ntollgate_x 1"}}, 1.0);
    EXPECT_THAT(page.to_text(), HasSubstr("a\\\"} 1\\ntollgate_x 1"));
}

TEST(Metrics, DurationsAreCumulative) {
    Durations durations;
    durations.add(0.001);
    durations.add(0.025);
    durations.add(60);
    EXPECT_EQ(durations.at_most[0], 1U);
    EXPECT_EQ(durations.at_most[1], 2U);
    EXPECT_EQ(durations.at_most[4], 2U);
    MetricsPage page;
    page.add(Metric::policy_apply_duration, {}, durations);
    EXPECT_THAT(page.to_text(), HasSubstr("tollgate_policy_apply_duration_seconds_count 3\n"));
}

TEST(Metrics, TellOfThisProcess) {
    MetricsPage page;
    page.add_process();
    const std::string text = page.to_text();
    EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
    EXPECT_THAT(text, Not(HasSubstr("process_open_fds 0\n")));
}

}  // namespace
}  // namespace tollgate::agent
