// SPDX-License-Identifier: MIT
#include "agent/cli/learn_report.hpp"

#include <algorithm>

#include "policy/explain.hpp"
#include "policy/notation.hpp"

namespace tollgate::cli {
namespace {

std::string time_text(policy::Timestamp at) {
    return policy::to_text(std::chrono::floor<std::chrono::seconds>(at));
}

const char* risk_of(const policy::Candidate& candidate) {
    if (!candidate.risk.empty()) {
        return "high";
    }
    return candidate.objection == policy::Objection::none ? "low" : "medium";
}

std::string note_of(const policy::Candidate& candidate) {
    const bool both = !candidate.risk.empty() && !candidate.reason.empty();
    return candidate.risk + (both ? "; " : "") + candidate.reason;
}

bool holds(const std::vector<std::string>& all, const std::vector<std::string>& some) {
    return std::ranges::all_of(
        some, [&all](const std::string& one) { return std::ranges::find(all, one) != all.end(); });
}

/// The rule of the proposal that the candidate has become a part of; empty: none.
std::string rule_of(const policy::Candidate& candidate, const policy::Policy& proposal) {
    for (const policy::Rule& rule : proposal.rules) {
        const bool services =
            std::ranges::all_of(candidate.rule.services,
                                [&](const auto& service) { return policy::covers(rule, service); });
        if (candidate.proposed() && rule.direction == candidate.rule.direction && services &&
            (rule.remote.empty() || holds(rule.remote, candidate.rule.remote))) {
            return rule.name;
        }
    }
    return {};
}

Json describe(const policy::Candidate& candidate, const policy::Policy& proposal) {
    Json services = Json::array();
    for (const policy::Service& service : candidate.rule.services) {
        services.push_back(policy::to_text(service));
    }
    const policy::ServiceEvidence& evidence = candidate.evidence;
    return Json{{"id", candidate.id},
                {"state", policy::label(candidate.decision)},
                {"direction", policy::to_text(candidate.rule.direction)},
                {"remote", policy::remote_text(candidate.rule)},
                {"via", policy::to_text(candidate.rule.via)},
                {"services", std::move(services)},
                {"packets", evidence.packets},
                {"flows", evidence.flows},
                {"firstSeen", time_text(evidence.first_seen)},
                {"lastSeen", time_text(evidence.last_seen)},
                {"hours", evidence.hours.count()},
                {"rule", rule_of(candidate, proposal)},
                {"risk", risk_of(candidate)},
                {"note", note_of(candidate)},
                {"covered", false}};
}

}  // namespace

Json describe_candidates(policy::Learner& learner, const policy::Policy& proposal) {
    Json answer = envelope("Candidates");
    answer["candidates"] = Json::array();
    for (const policy::Candidate& candidate : learner.candidates()) {
        answer["candidates"].push_back(describe(candidate, proposal));
    }
    answer["hidden"] = 0;
    return answer;
}

}  // namespace tollgate::cli
