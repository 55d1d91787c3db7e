// SPDX-License-Identifier: MIT
#include "agent/core/state_json.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "policy/notation.hpp"

// nlohmann-json finds these by their names and the types' namespace.
namespace tollgate::policy {

NLOHMANN_JSON_SERIALIZE_ENUM(Stage,
                             {{Stage::enforce, "enforce"},
                              {Stage::audit, "audit"},
                              {Stage::learn, "learn"},
                              {Stage::open, "open"}})

}  // namespace tollgate::policy

namespace tollgate::agent {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Session, remote, remote_port, local, local_port, tty)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Generation, number, loaded_number, hash, compiled_wall_s, stages)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PendingChange, generation, change, by, session, deadline_wall_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HistoryEntry,
                                   generation,
                                   time_wall_s,
                                   change,
                                   by,
                                   hash,
                                   name,
                                   state)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FollowedText, generation, hash, state)

namespace {

constexpr int kVersion = 1;

// What versions that did not note it apart have noted of it.
std::optional<FollowedText> followed_in(const std::vector<HistoryEntry>& history) {
    const auto last = std::find_if(history.rbegin(), history.rend(), [](const auto& entry) {
        return entry.change == kFileChange;
    });
    return last == history.rend()
               ? std::nullopt
               : std::optional{FollowedText{last->generation, last->hash, last->state}};
}

}  // namespace

std::string state_to_json(const State& state) {
    nlohmann::json json{{"version", kVersion},
                        {"last_number", state.last_number},
                        {"boot_id", state.boot_id},
                        {"open", state.open},
                        {"zones", state.zones},
                        {"confirmed", state.confirmed},
                        {"history", state.history}};
    if (state.pending) {
        json["pending"] = *state.pending;
    }
    if (state.followed) {
        json["followed"] = *state.followed;
    }
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<State> state_from_json(std::string_view text) {
    try {
        const auto json = nlohmann::json::parse(text);
        if (json.at("version").get<int>() != kVersion) {
            return failure(EBADMSG, "a version of the state that this agent does not know");
        }
        State state;
        json.at("last_number").get_to(state.last_number);
        json.at("boot_id").get_to(state.boot_id);
        json.at("open").get_to(state.open);
        json.at("zones").get_to(state.zones);
        json.at("confirmed").get_to(state.confirmed);
        json.at("history").get_to(state.history);
        if (json.contains("pending")) {
            state.pending = json.at("pending").get<PendingChange>();
        }
        state.followed = json.contains("followed")
                             ? std::optional{json.at("followed").get<FollowedText>()}
                             : followed_in(state.history);
        return state;
    } catch (const nlohmann::json::exception& error) {
        return failure(EBADMSG, error.what());
    }
}

}  // namespace tollgate::agent
