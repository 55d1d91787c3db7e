// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <variant>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/flowlog/http_sink.hpp"
#include "agent/flowlog/ipfix_sink.hpp"
#include "agent/flowlog/journal_sink.hpp"
#include "agent/flowlog/json_file_sink.hpp"
#include "agent/flowlog/sink.hpp"
#include "agent/flowlog/syslog_sink.hpp"
#include "policy/problem.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::agent {

/// Lines to standard output: there is nothing to set.
struct StdoutOptions {};

using FlowLogSinkOptions = std::variant<JsonFileOptions,
                                        StdoutOptions,
                                        SyslogSinkOptions,
                                        JournalSinkOptions,
                                        HttpSinkOptions,
                                        IpfixSinkOptions>;

/// What `flowLog` of tollgate.yaml says (docs/flow-log.md).
struct FlowLogSettings {
    std::chrono::seconds interval{60};  ///< between two lines of a flow
    bool flows = true;
    bool drops = true;
    bool would_drops = true;
    std::vector<FlowLogSinkOptions> sinks;
};

/// Reads what is below `flowLog`; reports what does not fit.
[[nodiscard]] FlowLogSettings read_flow_log(const policy::YamlNode& node,
                                            std::vector<policy::Problem>& problems);

/// The sinks, in the order of the settings. What may get right later is no failure: a host that
/// does not answer, a disk that is full. @return what is wrong with the options, or with the files
/// that they name
[[nodiscard]] Result<std::vector<std::unique_ptr<FlowLogSink>>> make_sinks(
    const FlowLogSettings& settings);

}  // namespace tollgate::agent
