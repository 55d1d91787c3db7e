// SPDX-License-Identifier: MIT
#include "agent/control/change_desk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/core/stages.hpp"
#include "policy/notation.hpp"
#include "policy/validate.hpp"
#include "policy/yaml_writer.hpp"

namespace tollgate::agent {

namespace {

Unexpected<Refusal> unavailable() {
    return refuse(Refusal::Code::unavailable, "the agent is stopping");
}

// What the loop answered, or that it does not answer any more.
template <typename Value>
Answer<Value> flatten(std::optional<Answer<Value>> answer) {
    return answer ? std::move(*answer) : Answer<Value>{unavailable()};
}

Json change_json(const Generation& generation, policy::Stage stage) {
    Json json = envelope("Change");
    json["generation"] = generation.number;
    json["stage"] = policy::to_text(stage);
    return json;
}

// The stage that a change leads to; of several interfaces the one that drops most.
policy::Stage strictest(const Stages& stages) {
    policy::Stage strictest = policy::Stage::open;
    for (const auto& [interface, stage] : stages) {
        strictest = std::min(strictest, stage);  // enum tg_stage is in that order
    }
    return strictest;
}

// Of what is in force now.
policy::Stage present_stage(const Agent& agent) {
    policy::Stage strictest = policy::Stage::open;
    for (const ProtectedInterface& interface : agent.watch().interfaces()) {
        strictest = std::min(strictest, agent.warden().stage_of(interface.name));
    }
    return strictest;
}

bool is_loopback(const Session& session) {
    return session.remote.starts_with("127.") || session.remote == "::1";
}

// In the stages audit and learn only what a rule denies or the blocklist holds is dropped.
bool drops(policy::Stage stage, DropReason reason) {
    const bool always = reason == DropReason::policy_deny || reason == DropReason::blocklist;
    return reason != DropReason::none && (stage == policy::Stage::enforce || always);
}

// What to do so that the own connection is not dropped; each line stands for itself.
std::string way_to_stay(std::string_view change, const Session& session) {
    const std::string rule = failsafe_for(session);
    if (change == "policy") {
        return fmt::format(
            "add this to the spec of the file, and apply it again:\n{}\n"
            "or say --accept-risk=lose-session",
            rule);
    }
    if (change == "rollback") {
        return fmt::format(
            "tollgate policy apply a file whose spec has this, too:\n{}\n"
            "or say --accept-risk=lose-session",
            rule);
    }
    return fmt::format(
        "approve the candidate that lets you in (tollgate learn review), or\n"
        "tollgate learn export >p.yaml, add this to its spec:\n{}\n"
        "and tollgate policy apply p.yaml; or say --accept-risk=lose-session",
        rule);
}

}  // namespace

// The copy of what the loop owns is made in the loop, the work with it here.
Answer<ChangeDesk::Draft> ChangeDesk::draft(const std::optional<std::string>& yaml,
                                            policy::Stage stage) {
    struct Snapshot {
        policy::Policy exported;
        Draft draft;
    };
    auto snapshot = queue_.call([&] {
        Snapshot made;
        if (!yaml) {
            made.exported = agent_.exported_policy(stage);
        }
        made.draft.before = agent_.warden().policy()->policy;
        made.draft.traffic = agent_.recorded_traffic();
        return made;
    });
    if (!snapshot) {
        return unavailable();
    }
    Draft draft = std::move(snapshot->draft);
    auto policy = load_policy(yaml ? *yaml : policy::write_policy(snapshot->exported),
                              std::chrono::floor<std::chrono::seconds>(draft.traffic.now));
    if (!policy) {
        return Unexpected<Refusal>{policy.error()};
    }
    draft.policy = *policy;
    auto stages = flatten(queue_.call([&] {
        const policy::Policy& wanted = draft.policy->policy;
        return stages_of(wanted, agent_.watch(), agent_.warden().state(), wanted.mode);
    }));
    if (!stages) {
        return Unexpected<Refusal>{stages.error()};
    }
    draft.stages = std::move(*stages);
    return draft;
}

Answer<ChangeDesk::Draft> ChangeDesk::checked_draft(const ChangeRequest& request,
                                                    policy::Stage stage) {
    auto made = draft(request.yaml, stage);
    if (!made || !request.yaml) {
        return made;
    }
    auto problems = policy::find_unknown_peers(made->policy->policy, tunnels_.peer_names());
    if (problems.empty()) {
        return made;
    }
    auto refusal = refuse(Refusal::Code::policy_invalid, "the policy is refused");
    refusal.value().problems = std::move(problems);
    return refusal;
}

Answer<Json> ChangeDesk::put_in_force(const Draft& draft,
                                      std::string_view change,
                                      const ChangeRequest& request) {
    const Effect effect = effect_of(draft.policy->policy, draft.traffic, request.session);
    const policy::Stage stage = strictest(draft.stages);
    const bool loses_session =
        effect.session && !is_loopback(request.session) && drops(stage, effect.session->reason);
    if (loses_session && request.accept_risk != "lose-session") {
        auto refusal =
            refuse(Refusal::Code::risk,
                   fmt::format("your own connection from {} port {} would be dropped ({})",
                               request.session.remote,
                               request.session.remote_port,
                               label(effect.session->reason)),
                   way_to_stay(change, request.session));
        refusal.value().risk = "lose-session";
        return refusal;
    }
    if (request.dry_run) {
        Json json = envelope("Change");
        json["stage"] = policy::to_text(stage);
        json["effect"] = effect_json(effect);
        return json;
    }
    const Proposal proposal{draft.policy,
                            draft.stages,
                            std::string{change},
                            request.by,
                            request.confirm_within,
                            request.session};
    return flatten(queue_.call([&]() -> Answer<Json> {
        const auto changed = agent_.change(proposal);
        if (!changed) {
            return Unexpected<Refusal>{changed.error()};
        }
        Json json = change_json(*changed, stage);
        json["deadline"] = time_json(agent_.warden().state().pending->deadline_wall_s);
        json["effect"] = effect_json(effect);
        return json;
    }));
}

Answer<Json> ChangeDesk::change_stage(policy::Stage stage, const ChangeRequest& request) {
    const auto made = draft(std::nullopt, stage);
    return made ? put_in_force(*made, policy::to_text(stage), request)
                : Answer<Json>{Unexpected<Refusal>{made.error()}};
}

Answer<Json> ChangeDesk::apply(const ChangeRequest& request) {
    if (!request.yaml) {
        return refuse(Refusal::Code::invalid, "yaml is missing");
    }
    const auto made = checked_draft(request, policy::Stage::learn);
    return made ? put_in_force(*made, "policy", request)
                : Answer<Json>{Unexpected<Refusal>{made.error()}};
}

Answer<Json> ChangeDesk::rollback(const ChangeRequest& request) {
    struct Target {
        std::optional<HistoryEntry> entry;
        std::optional<Generation> reverted;
        policy::Stage stage = policy::Stage::enforce;
    };
    auto target = flatten(queue_.call([&]() -> Answer<Target> {
        const State& state = agent_.warden().state();
        if (state.pending && !request.generation) {
            const auto reverted = agent_.revert();
            return reverted ? Answer<Target>{Target{{}, *reverted, present_stage(agent_)}}
                            : Answer<Target>{Unexpected<Refusal>{reverted.error()}};
        }
        const auto entry = std::find_if(
            state.history.rbegin(), state.history.rend(), [&](const HistoryEntry& candidate) {
                return request.generation
                           ? candidate.generation == *request.generation
                           : candidate.state == "replaced" &&
                                 candidate.hash != state.confirmed.hash && !candidate.hash.empty();
            });
        if (entry == state.history.rend()) {
            return refuse(Refusal::Code::not_found,
                          "there is no such earlier policy",
                          "see `tollgate policy history`");
        }
        return Target{*entry, {}, {}};
    }));
    if (!target) {
        return Unexpected<Refusal>{target.error()};
    }
    if (target->reverted) {
        return change_json(*target->reverted, target->stage);
    }
    return bring_back(*target->entry, request);
}

Answer<Json> ChangeDesk::bring_back(const HistoryEntry& entry, const ChangeRequest& request) {
    auto yaml = flatten(queue_.call([&]() -> Answer<std::string> {
        auto text = agent_.warden().store().load_policy(entry.hash);
        return text ? Answer<std::string>{std::move(*text)} : refuse(text.error());
    }));
    if (!yaml) {
        return Unexpected<Refusal>{yaml.error()};
    }
    auto made = draft(*yaml, policy::Stage::learn);
    return made ? put_in_force(*made, "rollback", request)
                : Answer<Json>{Unexpected<Refusal>{made.error()}};
}

Answer<Json> ChangeDesk::start_learning(const ChangeRequest& request) {
    return flatten(queue_.call([&]() -> Answer<Json> {
        Proposal proposal;
        bool enforcing = false;
        for (const std::string& name : known_interfaces(agent_.watch(), agent_.warden().state())) {
            proposal.stages[name] = policy::Stage::learn;
            enforcing = enforcing || agent_.warden().stage_of(name) == policy::Stage::enforce;
        }
        if (enforcing && request.accept_risk != "open") {
            auto refusal = refuse(Refusal::Code::risk,
                                  "learning lets everything pass that is dropped now",
                                  "say --accept-risk=open if that is meant");
            refusal.value().risk = "open";
            return refusal;
        }
        proposal.change = "learn";
        proposal.by = request.by;
        proposal.confirm_within = std::chrono::seconds{0};
        const auto changed = agent_.change(proposal);
        return changed ? Answer<Json>{change_json(*changed, policy::Stage::learn)}
                       : Answer<Json>{Unexpected<Refusal>{changed.error()}};
    }));
}

Answer<Json> ChangeDesk::confirm(const ChangeRequest& request) {
    return flatten(queue_.call([&]() -> Answer<Json> {
        const auto confirmed = agent_.confirm(request.generation, request.session);
        return confirmed ? Answer<Json>{change_json(*confirmed, present_stage(agent_))}
                         : Answer<Json>{Unexpected<Refusal>{confirmed.error()}};
    }));
}

Answer<Json> ChangeDesk::open() {
    return flatten(queue_.call([&]() -> Answer<Json> {
        const auto opened = agent_.open();
        return opened ? Answer<Json>{change_json(*opened, policy::Stage::open)}
                      : Answer<Json>{Unexpected<Refusal>{opened.error()}};
    }));
}

Answer<Json> ChangeDesk::diff(const ChangeRequest& request) {
    const auto made = checked_draft(request, policy::Stage::enforce);
    if (!made) {
        return Unexpected<Refusal>{made.error()};
    }
    Json json = diff_json(made->before, made->policy->policy);
    json["effect"] = effect_json(effect_of(made->policy->policy, made->traffic, request.session));
    return json;
}

Answer<Json> ChangeDesk::exported() {
    return flatten(queue_.call([&]() -> Answer<Json> {
        Json json = envelope("Export");
        json["policy"] = policy::write_policy(agent_.exported_policy(policy::Stage::enforce));
        return json;
    }));
}

}  // namespace tollgate::agent
