// SPDX-License-Identifier: MIT
#include <array>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "agent/cli/support_bundle.hpp"
#include "agent/system/file.hpp"

namespace tollgate::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretBytes = std::size_t{64} << 10U;
constexpr std::size_t kFilesMax = 100'000;
constexpr std::array kEndings{".key", ".psk", ".secret", ".token", ".pem", ".password"};
/// Where systemd puts what LoadCredential= names (systemd.exec(5)).
constexpr const char* kCredentials = "/run/credentials/tollgated.service";

void learn_file(agent::Redactor& redactor, const fs::path& path) {
    if (const auto content = agent::read_file(path, kSecretBytes)) {
        redactor.know(*content);
    }
}

void learn_folder(agent::Redactor& redactor, const fs::path& folder, bool whole) {
    std::size_t count = 0;
    for (const fs::path& entry : agent::entries_of(folder).value_or(std::vector<fs::path>{})) {
        const std::string ending = entry.extension();
        const bool secret = std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
        if ((whole || secret) && ++count <= kFilesMax) {
            learn_file(redactor, entry);
        }
    }
}

/// The files that lines like `privateKeyFile: /etc/tollgate/wg0.key` name. Read by eye, not as
/// YAML: the file may be broken.
void learn_named_files(agent::Redactor& redactor, const fs::path& config) {
    constexpr std::string_view kSuffix = "File:";
    constexpr std::string_view kAround = " \t\"'\r";
    std::istringstream lines{agent::read_file(config, std::size_t{8} << 20U).value_or("")};
    for (std::string line; std::getline(lines, line);) {
        std::size_t at = line.find(kSuffix);
        for (; at != std::string::npos; at = line.find(kSuffix, at)) {
            at += kSuffix.size();
            const std::size_t begin = line.find_first_not_of(kAround, at);
            const std::size_t end = std::min(line.find_first_of(" \t\"'\r,}#", begin), line.size());
            if (begin != std::string::npos) {
                learn_file(redactor, config.parent_path() / line.substr(begin, end - begin));
            }
        }
    }
}

}  // namespace

void learn_secrets(agent::Redactor& redactor, const fs::path& config, pid_t pid) {
    learn_folder(redactor, config.parent_path(), false);
    learn_folder(redactor, kCredentials, true);
    learn_named_files(redactor, config);
    std::ifstream environment{fmt::format("/proc/{}/environ", pid), std::ios::binary};
    for (std::string variable; pid != 0 && std::getline(environment, variable, '\0');) {
        const std::size_t equals = std::min(variable.find('='), variable.size());
        if (agent::names_a_secret(std::string_view{variable}.substr(0, equals))) {
            redactor.know(std::string_view{variable}.substr(std::min(equals + 1, variable.size())));
        }
    }
}

}  // namespace tollgate::cli
