// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_file.hpp"

#include <fmt/format.h>

#include "agent/exchange/names.hpp"

namespace tollgate::exchange {
namespace {

constexpr std::string_view kRegistry = "urn:ietf:params:mud:";

}  // namespace

std::string to_text(const MudClass& mud_class) {
    switch (mud_class.kind) {
        case MudClass::Kind::local_networks:
        case MudClass::Kind::my_controller:
        case MudClass::Kind::same_manufacturer:
            return std::string{node_of(mud_class.kind)};
        case MudClass::Kind::controller:
            break;
        case MudClass::Kind::manufacturer:
        case MudClass::Kind::model:
            return fmt::format("{}:{}", node_of(mud_class.kind), mud_class.value);
    }
    return mud_class.value;
}

std::string short_text(const MudClass& mud_class) {
    const std::string text = to_text(mud_class);
    const std::string_view rest =
        text.starts_with(kRegistry) ? std::string_view{text}.substr(kRegistry.size()) : "";
    const bool word = !rest.empty() && rest.find(':') == std::string_view::npos;
    return word && parse_mud_class(rest) == mud_class ? std::string{rest} : text;
}

std::optional<MudClass> parse_mud_class(std::string_view text) {
    using Kind = MudClass::Kind;
    for (const Kind kind : {Kind::local_networks, Kind::my_controller, Kind::same_manufacturer}) {
        if (text == to_text({kind, ""})) {
            return MudClass{kind, ""};
        }
    }
    for (const Kind kind : {Kind::manufacturer, Kind::model}) {
        const std::string prefix = to_text({kind, ""});
        if (text.starts_with(prefix)) {
            text.remove_prefix(prefix.size());
            return text.empty() ? std::nullopt : std::optional{MudClass{kind, std::string{text}}};
        }
    }
    if (text.empty()) {
        return std::nullopt;
    }
    const bool word = text.find(':') == std::string_view::npos;
    return MudClass{Kind::controller, std::string{word ? kRegistry : ""} + std::string{text}};
}

std::string group_name(const MudClass& mud_class, MudFamily family) {
    std::string name = short_text(mud_class);
    if (mud_class.kind == MudClass::Kind::controller && name.find(':') != std::string::npos) {
        const std::size_t authority = name.find("//");
        name = "controller-" + (authority == std::string::npos ? name : name.substr(authority + 2));
    }
    constexpr std::size_t kSuffixed = kGroupNameMax - 3;
    return identifier(name, kSuffixed) + (family == MudFamily::ipv4 ? "-v4" : "-v6");
}

}  // namespace tollgate::exchange
