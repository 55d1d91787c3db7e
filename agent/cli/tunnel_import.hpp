// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent/tunnel/wg_conf.hpp"
#include "policy/problem.hpp"

/// From a file of wg(8) to tollgate.yaml (docs/configuration.md).
namespace tollgate::cli {

/// A file that is to hold one key.
struct KeyFile {
    std::filesystem::path path;
    crypto::Secret<crypto::kKeySize> key;
};

struct ImportedTunnel {
    std::string yaml;  ///< `tunnels:` with one tunnel; without keys
    std::vector<KeyFile> key_files;
};

/// @param name  of the interface; peers are called NAME-peer-1 and so on
/// @param key_folder  where the keys will be
[[nodiscard]] ImportedTunnel import_tunnel(const agent::WgConf& conf,
                                           const std::string& name,
                                           const std::filesystem::path& key_folder);

/// What tollgate.yaml would not take of it, although wg(8) did: peers with the same key or the same
/// allowed IPs, for example. Lines and columns are those of `yaml`.
[[nodiscard]] std::vector<policy::Problem> check_imported(const std::string& yaml);

}  // namespace tollgate::cli
