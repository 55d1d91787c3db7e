// SPDX-License-Identifier: MIT
// What a process for YAML that was taken over may say: whatever the bytes, and however they are
// cut, the same events come of them, and a policy that is read from those is one that can be
// written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/core/yaml_wire.hpp"
#include "policy/yaml_reader.hpp"
#include "policy/yaml_writer.hpp"

namespace {

using namespace tollgate;
using agent::YamlWireReader;

constexpr std::size_t kBytesMax = 4096;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

struct Heard {
    YamlWireReader reader{kBytesMax};
    YamlWireReader::State state = YamlWireReader::State::open;
    std::size_t events = 0;

    void hear(std::string_view bytes, const policy::YamlSink& sink) {
        state = reader.read(bytes, [&](const policy::YamlEvent& event) {
            ++events;
            require(event.kind <= policy::YamlEvent::kLastKind);
            require(event.tag.size() <= kBytesMax && event.value.size() <= kBytesMax);
            return sink(event);
        });
    }
};

bool take_all(const policy::YamlEvent& /*event*/) {
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    Heard whole;
    whole.hear(bytes, take_all);
    Heard byte_by_byte;
    for (std::size_t i = 0; i < size && byte_by_byte.state != YamlWireReader::State::malformed;
         ++i) {
        byte_by_byte.hear(bytes.substr(i, 1), take_all);
    }
    require(byte_by_byte.state == whole.state && byte_by_byte.events == whole.events);
    require(byte_by_byte.reader.problem() == whole.reader.problem());

    const auto parse = [&](std::string_view /*text*/, const policy::YamlSink& sink) {
        Heard heard;
        heard.hear(bytes, sink);
        return heard.reader.problem();
    };
    const policy::Reading reading = policy::read_policy("", parse);
    require(reading.policy.has_value() != policy::has_errors(reading.problems));
    require(reading.problems.size() <= policy::kProblemsMax);
    if (reading.policy) {
        const policy::Reading again = policy::read_policy(policy::write_policy(*reading.policy));
        require(again.policy == reading.policy);
    }
    return 0;
}
