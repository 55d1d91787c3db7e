// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/cli/cli.hpp"
#include "agent/support/anonymiser.hpp"
#include "agent/support/archive.hpp"
#include "agent/support/redactor.hpp"

namespace tollgate::cli {

/// What a bundle is made of.
struct BundleRequest {
    std::filesystem::path config;  ///< empty: the one that the agent names, else the usual one
    std::uint64_t events = 1000;   ///< the last ones
    bool anonymise = false;        ///< pseudonyms for addresses, names and public keys
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

/// By agent::Anonymiser::Kind.
using Anonymised = std::array<agent::Anonymiser::Count, agent::Anonymiser::kKinds.size()>;

struct Bundle {
    std::vector<BundleFile> files;
    std::vector<MissingFile> missing;
    /// A secret of this host is still in a file: it must not be written.
    std::vector<std::string> unclean;
    /// What pseudonyms stand for, if there are any.
    std::optional<Anonymised> anonymised;

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

/// What an anonymiser has to be told: the names of this host, …
void learn_host_name(agent::Anonymiser& anonymiser);
/// … and the names and public keys in JSON and YAML. @return false: the file is neither, and what
/// is in it cannot be told
[[nodiscard]] bool learn_names(agent::Anonymiser& anonymiser, const BundleFile& file);

/// Facts of the host as text, for host/…: name of the file and content.
[[nodiscard]] std::vector<agent::ArchiveEntry> host_files();

}  // namespace tollgate::cli
