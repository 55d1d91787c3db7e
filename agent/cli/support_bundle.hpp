// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/cli/cli.hpp"
#include "agent/support/archive.hpp"
#include "agent/support/redactor.hpp"

namespace tollgate::cli {

/// What a bundle is made of.
struct BundleRequest {
    std::filesystem::path config;  ///< empty: the one that the agent names, else the usual one
    std::uint64_t events = 1000;   ///< the last ones
};

/// A file of a bundle, without its secrets.
struct BundleFile {
    std::string name;
    std::string content;
    agent::Redactions redactions;
};

/// What was looked for and is not in the bundle.
struct MissingFile {
    std::string name;
    std::string why;
};

struct Bundle {
    std::vector<BundleFile> files;
    std::vector<MissingFile> missing;
    /// A secret of this host is still in a file: it must not be written.
    std::vector<std::string> unclean;

    /// What is in it, what is missing, what was taken out: manifest.json, and what people see
    /// before anything is written.
    [[nodiscard]] Json manifest() const;
};

/// Collects what helps to find out what is wrong: from the agent if it answers, and from the host.
/// Writes nothing.
[[nodiscard]] Bundle collect_bundle(const Cli& cli, const BundleRequest& wanted);

/// What a redactor has to know: the contents of the key files that the configuration names or that
/// are beside it, and what the environment of the agent's process calls a secret.
/// @param pid  of the agent; 0: none
void learn_secrets(agent::Redactor& redactor, const std::filesystem::path& config, pid_t pid);

/// Facts of the host as text, for host/…: name of the file and content.
[[nodiscard]] std::vector<agent::ArchiveEntry> host_files();

}  // namespace tollgate::cli
