// SPDX-License-Identifier: MIT
// Any text is read or refused with a reason; what is read survives being written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/tunnel/wg_conf.hpp"

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace tollgate;
    const agent::WgConfReading reading =
        agent::read_wg_conf({reinterpret_cast<const char*>(bytes), size});
    require(reading.conf.has_value() != policy::has_errors(reading.problems));
    require(reading.problems.size() <= policy::kProblemsMax);
    if (!reading.conf) {
        return 0;
    }
    const agent::SecretText text = agent::write_wg_conf(*reading.conf);
    const agent::WgConfReading again = agent::read_wg_conf(text.view());
    require(again.conf && again.problems.empty());
    require(agent::write_wg_conf(*again.conf).view() == text.view());
    return 0;
}
