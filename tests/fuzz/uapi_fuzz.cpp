// SPDX-License-Identifier: MIT
// Any bytes are operations or none, the same whatever pieces they come in; a change survives being
// written and read, and a device that takes it tells a state that can be set again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tunnel/uapi_text.hpp"
#include "tests/support/memory_device.hpp"
#include "tests/support/uapi_set.hpp"

namespace {

using namespace tollgate;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::vector<agent::UapiOperation> read_all(std::string_view text, std::size_t piece) {
    agent::UapiReader reader;
    std::vector<agent::UapiOperation> operations;
    while (!text.empty()) {
        std::string_view bytes = text.substr(0, piece);
        text.remove_prefix(bytes.size());
        while (!bytes.empty()) {
            if (auto operation = reader.read(bytes)) {
                operations.push_back(std::move(*operation));
            }
        }
    }
    return operations;
}

std::string shown(const agent::UapiOperation& operation) {
    if (const auto* change = std::get_if<agent::DeviceChange>(&operation)) {
        return test::uapi_set(*change);
    }
    const auto* fault = std::get_if<agent::UapiFault>(&operation);
    return fault == nullptr ? "get" : agent::format_uapi_error(fault->error);
}

void judge(const agent::UapiOperation& operation, test::MemoryDevice& device) {
    const auto* change = std::get_if<agent::DeviceChange>(&operation);
    if (change == nullptr) {
        return;
    }
    const std::string text = test::uapi_set(*change);
    const auto again = read_all(text, SIZE_MAX);
    require(again.size() == 1 && shown(again.front()) == text);
    require(device.apply(*change) == 0);
    const agent::SecretText state = agent::format_uapi_state(device.state());
    require(state.view().ends_with("errno=0\n\n"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto operations = read_all(text, SIZE_MAX);
    const auto pieces = read_all(text, 1 + size % 7);
    require(operations.size() == pieces.size());
    test::MemoryDevice device;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        require(shown(operations[i]) == shown(pieces[i]));
        judge(operations[i], device);
    }
    return 0;
}
