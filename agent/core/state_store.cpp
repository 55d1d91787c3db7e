// SPDX-License-Identifier: MIT
#include "agent/core/state_store.hpp"

#include <cerrno>
#include <set>

#include <unistd.h>

#include <fmt/format.h>

#include "agent/core/state_json.hpp"
#include "agent/system/digest.hpp"
#include "agent/system/file.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStateBytesMax = std::size_t{1} << 20;
constexpr std::size_t kPolicyBytesMax = std::size_t{1} << 20;
constexpr std::size_t kBlocklistBytesMax = std::size_t{16} << 20;
constexpr mode_t kPrivate = 0700;

bool is_missing(const Error& error) {
    return error.code.value() == ENOENT;
}

Failure damaged(const fs::path& path, std::string_view why) {
    return failure(EBADMSG,
                   fmt::format("{} is damaged ({}); move it away to start in the stage "
                               "learn, or put a copy back",
                               path.string(),
                               why));
}

// What write_file() left where the agent was killed in it.
void remove_unfinished(const fs::path& folder) {
    for (const fs::path& file : entries_of(folder).value_or(std::vector<fs::path>{})) {
        if (file.filename().string().starts_with('.')) {
            ::unlink(file.c_str());
        }
    }
}

}  // namespace

Result<StateStore> StateStore::open(const fs::path& folder) {
    for (const auto& path : {folder, folder / "policies"}) {
        if (auto made = make_folder(path, kPrivate); !made) {
            return Failure{made.error()};
        }
        remove_unfinished(path);
    }
    // What is there is in force also where nothing more can be written.
    std::error_code error;
    const bool has_state = fs::exists(folder / "state.json", error);
    if (::access(folder.c_str(), has_state ? R_OK | X_OK : R_OK | W_OK | X_OK) != 0) {
        return failure(errno, fmt::format("write to {}", folder.string()));
    }
    return StateStore{folder};
}

Result<std::optional<State>> StateStore::load() const {
    const fs::path path = folder_ / "state.json";
    const auto text = read_file(path, kStateBytesMax);
    if (!text) {
        return is_missing(text.error()) ? Result<std::optional<State>>{std::nullopt}
                                        : Failure{text.error()};
    }
    auto state = state_from_json(*text);
    if (!state) {
        return damaged(path, state.error().context);
    }
    return std::optional{std::move(*state)};
}

Result<void> StateStore::save(const State& state) const {
    const fs::path path = folder_ / "state.json";
    const std::string text = state_to_json(state);
    if (text.size() > kStateBytesMax) {  // the next start could not read it
        return failure(EFBIG, fmt::format("write {} bytes to {}", text.size(), path.string()));
    }
    return write_file(path, text);
}

fs::path StateStore::policy_path(const std::string& hash) const {
    return folder_ / "policies" / (hash + ".yaml");
}

Result<void> StateStore::save_policy(const std::string& hash, std::string_view yaml) const {
    if (load_policy(hash)) {
        return {};
    }
    if (yaml.size() > kPolicyBytesMax) {
        return failure(
            EFBIG, fmt::format("write {} bytes to {}", yaml.size(), policy_path(hash).string()));
    }
    return write_file(policy_path(hash), yaml);
}

Result<std::string> StateStore::load_policy(const std::string& hash) const {
    auto text = read_file(policy_path(hash), kPolicyBytesMax);
    if (text && sha256_hex(*text) != hash) {
        return damaged(policy_path(hash), "its content does not have the hash of its name");
    }
    return text;
}

void StateStore::prune_policies(const State& state) const {
    std::set<std::string> used{state.confirmed.hash};
    if (state.pending) {
        used.insert(state.pending->generation.hash);
    }
    for (const HistoryEntry& entry : state.history) {
        used.insert(entry.hash);
    }
    for (const fs::path& file :
         entries_of(folder_ / "policies").value_or(std::vector<fs::path>{})) {
        std::error_code error;
        if (!used.contains(file.stem().string())) {
            fs::remove(file, error);
        }
    }
}

Result<void> StateStore::save_blocklist(const std::vector<Prefix>& prefixes) const {
    std::string text;
    for (const Prefix& prefix : prefixes) {
        text += prefix.to_string();
        text += '\n';
    }
    return write_file(folder_ / "blocklist", text);
}

Result<std::vector<Prefix>> StateStore::load_blocklist() const {
    const fs::path path = folder_ / "blocklist";
    const auto text = read_file(path, kBlocklistBytesMax);
    if (!text) {
        return is_missing(text.error()) ? Result<std::vector<Prefix>>{std::vector<Prefix>{}}
                                        : Failure{text.error()};
    }
    std::vector<Prefix> prefixes;
    std::string_view rest = *text;
    for (std::size_t line = 1; !rest.empty(); ++line) {
        const std::size_t end = rest.find('\n');
        const auto prefix = Prefix::parse(rest.substr(0, end));
        if (!prefix) {
            return damaged(path, fmt::format("line {} is no prefix", line));
        }
        prefixes.push_back(*prefix);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return prefixes;
}

}  // namespace tollgate::agent
