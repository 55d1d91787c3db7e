// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

/// MUD files in few words.
namespace tollgate::test {

/// A file whose two lists of IPv4 have these entries, in JSON and separated by commas.
inline std::string mud_text(std::string_view from_device, std::string_view to_device = "") {
    const auto list = [](std::string_view name, std::string_view aces) {
        return std::string(R"({"name": ")") + std::string(name) +
               R"(", "type": "ipv4-acl-type", "aces": {"ace": [)" + std::string(aces) + "]}}";
    };
    const auto reference = [](std::string_view name) {
        return R"({"access-lists": {"access-list": [{"name": ")" + std::string(name) + R"("}]}})";
    };
    return R"({"ietf-mud:mud": {"mud-version": 1, "mud-url": "https://lamp.example.com/Lamp.json",)"
           R"( "last-update": "2026-01-01T00:00:00Z", "cache-validity": 48,)"
           R"( "is-supported": true, "systeminfo": "A lamp", "from-device-policy": )" +
           reference("from") + R"(, "to-device-policy": )" + reference("to") +
           R"(}, "ietf-access-control-list:acls": {"acl": [)" + list("from", from_device) + ", " +
           list("to", to_device) + "]}}\n";
}

/// An entry. @param matches  in JSON
inline std::string ace(std::string_view name,
                       std::string_view matches,
                       std::string_view forwarding = "accept") {
    return std::string(R"({"name": ")") + std::string(name) + R"(", "matches": )" +
           std::string(matches) + R"(, "actions": {"forwarding": ")" + std::string(forwarding) +
           R"("}})";
}

}  // namespace tollgate::test
