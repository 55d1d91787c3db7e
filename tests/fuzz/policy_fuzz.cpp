// SPDX-License-Identifier: MIT
// Any text is read or refused with a reason; what is read survives being written and compiled, and
// the compiled tables agree with the rules about a few tuples.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/compile.hpp"
#include "policy/diff.hpp"
#include "policy/explain.hpp"
#include "policy/yaml_reader.hpp"
#include "policy/yaml_writer.hpp"
#include "tests/support/compiled_lookup.hpp"

namespace {

using namespace tollgate;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void judge(const policy::Policy& rules, const policy::CompiledPolicy& tables, const char* remote) {
    constexpr std::array<std::uint16_t, 4> kPorts{22, 80, 443, 65535};
    for (const std::uint16_t port : kPorts) {
        for (const policy::Direction direction :
             {policy::Direction::ingress, policy::Direction::egress}) {
            const policy::Tuple tuple{direction,
                                      *IpAddress::parse(remote),
                                      std::nullopt,
                                      {},
                                      policy::Service{IPPROTO_TCP, port, port}};
            const auto explanation = policy::explain(rules, tuple, policy::WallTime{});
            const std::string& found = tables.rule_names.at(tests::find_rule(tables, tuple, {}));
            require(found == (explanation.decides == nullptr ? "" : explanation.decides->name));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const policy::Reading reading = policy::read_policy(text);
    require(reading.policy.has_value() != policy::has_errors(reading.problems));
    require(reading.problems.size() <= policy::kProblemsMax);
    if (!reading.policy) {
        return 0;
    }
    const policy::Reading again = policy::read_policy(policy::write_policy(*reading.policy));
    require(again.policy == reading.policy);
    require(policy::diff(*reading.policy, *again.policy).empty());
    if (const auto tables = policy::compile(*reading.policy, policy::WallTime{})) {
        judge(*reading.policy, *tables, "10.0.0.1");
        judge(*reading.policy, *tables, "2001:db8::1");
    }
    return 0;
}
