// SPDX-License-Identifier: MIT
#include "policy/domain.hpp"

#include <algorithm>
#include <array>

namespace tollgate::policy {
namespace {

// Registries that sell names one level below a country: "co.uk", "com.au", "go.jp".
constexpr std::array<std::string_view, 11>
    kRegistryLabels{"ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org"};

// Everything under these belongs to whoever rents it.
constexpr std::array<std::string_view, 46> kShared{"akadns.net",
                                                   "akamai.net",
                                                   "akamaiedge.net",
                                                   "akamaihd.net",
                                                   "akamaized.net",
                                                   "aliyuncs.com",
                                                   "amazonaws.com",
                                                   "amazonaws.com.cn",
                                                   "appspot.com",
                                                   "awsglobalaccelerator.com",
                                                   "azure-api.net",
                                                   "azure-devices.net",
                                                   "azureedge.net",
                                                   "azurefd.net",
                                                   "azurewebsites.net",
                                                   "blob.core.windows.net",
                                                   "cloudapp.azure.com",
                                                   "cloudapp.net",
                                                   "cloudfront.net",
                                                   "cloudfunctions.net",
                                                   "ddns.net",
                                                   "dyndns.org",
                                                   "edgekey.net",
                                                   "edgesuite.net",
                                                   "elasticbeanstalk.com",
                                                   "fastly.net",
                                                   "firebaseio.com",
                                                   "fly.dev",
                                                   "github.io",
                                                   "googleapis.com",
                                                   "googleusercontent.com",
                                                   "herokuapp.com",
                                                   "in-addr.arpa",
                                                   "ip6.arpa",
                                                   "myfritz.net",
                                                   "myqnapcloud.com",
                                                   "netlify.app",
                                                   "no-ip.org",
                                                   "pages.dev",
                                                   "pool.ntp.org",
                                                   "run.app",
                                                   "synology.me",
                                                   "trafficmanager.net",
                                                   "vercel.app",
                                                   "windows.net",
                                                   "workers.dev"};

bool is_under(std::string_view name, std::string_view suffix) {
    return name == suffix || (name.size() > suffix.size() && name.ends_with(suffix) &&
                              name[name.size() - suffix.size() - 1] == '.');
}

// The last `count` labels, or "" if there are fewer.
std::string_view last_labels(std::string_view name, int count) {
    std::size_t start = name.size() + 1;
    for (int i = 0; i < count; ++i) {
        if (start == 0 || start == std::string_view::npos) {
            return {};
        }
        const std::size_t dot = start < 2 ? std::string_view::npos : name.rfind('.', start - 2);
        start = dot == std::string_view::npos ? 0 : dot + 1;
    }
    return name.substr(start);
}

bool is_registry(std::string_view suffix) {
    const std::size_t dot = suffix.find('.');
    const bool country = suffix.size() - dot - 1 == 2;
    return country &&
           std::find(kRegistryLabels.begin(), kRegistryLabels.end(), suffix.substr(0, dot)) !=
               kRegistryLabels.end();
}

bool is_number(std::string_view label) {
    return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view registered_domain(std::string_view name) {
    const bool shared = std::any_of(kShared.begin(), kShared.end(), [&](std::string_view suffix) {
        return is_under(name, suffix);
    });
    const std::string_view two = last_labels(name, 2);
    if (shared || two.empty() || is_number(last_labels(name, 1))) {
        return {};
    }
    return is_registry(two) ? last_labels(name, 3) : two;
}

}  // namespace tollgate::policy
