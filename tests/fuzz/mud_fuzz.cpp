// SPDX-License-Identifier: MIT
// Any text is read as a MUD file or refused with a reason; what it becomes is a valid policy file,
// and comes back from its own export as the same policy, and as the same text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/exchange/mud_export.hpp"
#include "agent/exchange/mud_import.hpp"
#include "policy/yaml_reader.hpp"
#include "policy/yaml_writer.hpp"

namespace {

using namespace tollgate;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

exchange::MudImportOptions options() {
    exchange::MudImportOptions made;
    for (const char* const definition : {"dns=192.0.2.53,2001:db8::53",
                                         "gateway=192.0.2.1,fe80::1",
                                         "my-controller=192.0.2.2",
                                         "same-manufacturer=192.0.2.0/28",
                                         "manufacturer:lamp.example.com=192.0.2.16/28"}) {
        require(exchange::define(definition, made.definitions).has_value());
    }
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const exchange::MudImportOptions kOptions = options();
    const auto first = exchange::import_mud({reinterpret_cast<const char*>(bytes), size}, kOptions);
    require(first.policy.has_value() != policy::has_errors(first.problems));
    if (!first.policy) {
        return 0;
    }
    const auto reading = policy::read_policy(policy::write_policy(*first.policy));
    require(reading.policy == first.policy);
    const auto exported = exchange::export_mud(*first.policy, {});
    if (policy::has_errors(exported.problems)) {  // the file has no mud-url
        return 0;
    }
    const auto second = exchange::import_mud(exported.text, kOptions);
    require(second.policy == first.policy);
    require(exchange::export_mud(*second.policy, {}).text == exported.text);
    return 0;
}
