// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <sstream>

#include <unistd.h>

#include <tollgate/ip.hpp>

#include "agent/cli/support_bundle.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::cli {
namespace {

using agent::Anonymiser;

Json to_json(const policy::YamlNode& node) {
    if (node.kind == policy::YamlNode::Kind::scalar) {
        return node.text;
    }
    Json made = node.kind == policy::YamlNode::Kind::list ? Json::array() : Json::object();
    for (const policy::YamlNode& item : node.items) {
        made.push_back(to_json(item));
    }
    for (const policy::YamlEntry& entry : node.entries) {
        made[entry.key] = to_json(entry.value);
    }
    return made;
}

/// The host of "HOST", "*.HOST", "HOST:PORT" and a URL, if it is a name.
std::string host_in(std::string text) {
    if (const std::size_t scheme = text.find("://"); scheme != std::string::npos) {
        text.erase(0, scheme + 3);
    }
    text.erase(std::min(text.find_first_of("/?"), text.size()));
    if (text.starts_with("*.")) {
        text.erase(0, 2);
    }
    if (IpAddress::parse(text) || text.starts_with('[')) {
        return {};
    }
    text.erase(std::min(text.find(':'), text.size()));
    return IpAddress::parse(text) ? std::string{} : text;
}

void learn_value(Anonymiser& anonymiser, std::string_view key, const Json& value) {
    constexpr std::array<std::string_view, 7> kHosts{
        "remoteName", "host", "endpoint", "configuredEndpoint", "collector", "url", "fqdn"};
    if (value.is_array() && (key == "peer" || key == "fqdn")) {
        for (const Json& item : value) {
            learn_value(anonymiser, key, item);
        }
        return;
    }
    if (!value.is_string()) {
        return;
    }
    const auto& text = value.get_ref<const std::string&>();
    if (key == "peer") {
        anonymiser.know_peer(text);
    } else if (key == "publicKey") {
        anonymiser.know_key(text);
    } else if (std::find(kHosts.begin(), kHosts.end(), key) != kHosts.end()) {
        anonymiser.know_host(host_in(text));
    }
}

void learn(Anonymiser& anonymiser, const Json& document) {
    for (const auto& [key, value] : document.items()) {
        learn_value(anonymiser, document.is_object() ? key : "", value);
        if (key == "peers" && value.is_array()) {
            for (const Json& peer : value) {
                anonymiser.know_peer(text(peer, "name"));
            }
        }
        if (value.is_structured()) {
            learn(anonymiser, value);
        }
    }
}

}  // namespace

void learn_host_name(Anonymiser& anonymiser) {
    constexpr std::size_t kLongest = 64;  // HOST_NAME_MAX
    std::array<char, kLongest + 1> name{};
    if (::gethostname(name.data(), kLongest) == 0) {
        anonymiser.know_host(name.data());
        const std::string_view whole{name.data()};
        anonymiser.know_host(whole.substr(0, whole.find('.')));
    }
}

bool learn_names(Anonymiser& anonymiser, const BundleFile& file) {
    if (file.name.ends_with(".json")) {
        learn(anonymiser, Json::parse(file.content, nullptr, false));
    } else if (file.name.ends_with(".jsonl")) {
        std::istringstream lines{file.content};
        for (std::string line; std::getline(lines, line);) {
            learn(anonymiser, Json::parse(line, nullptr, false));
        }
    } else if (file.name.ends_with(".yaml")) {
        std::vector<policy::Problem> problems;
        const auto yaml = policy::parse_yaml(file.content, problems, policy::kConfigBytesMax);
        if (!yaml) {
            return false;
        }
        learn(anonymiser, to_json(*yaml));
    }
    return true;
}

}  // namespace tollgate::cli
