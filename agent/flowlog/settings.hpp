// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <variant>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/flowlog/ipfix_sink.hpp"
#include "agent/flowlog/json_file_sink.hpp"
#include "agent/flowlog/sink.hpp"
#include "policy/problem.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::agent {

/// Lines to standard output: there is nothing to set.
struct StdoutOptions {};

using FlowLogSinkOptions = std::variant<JsonFileOptions, StdoutOptions, IpfixSinkOptions>;

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

/// The sinks, in the order of the settings. None of them fails for what may get right later: a
/// folder that is missing, a host that does not answer. @return what is wrong with the options
[[nodiscard]] Result<std::vector<std::unique_ptr<FlowLogSink>>> make_sinks(
    const FlowLogSettings& settings);

}  // namespace tollgate::agent
