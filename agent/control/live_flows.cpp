// SPDX-License-Identifier: MIT
#include "agent/control/live_flows.hpp"

#include <algorithm>
#include <vector>

#include "agent/core/flow_records.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {
namespace {

struct LiveFlow {
    tg_flow_key key;
    tg_flow flow;
};

bool is_later(const LiveFlow& a, const LiveFlow& b) {
    return a.flow.last_seen_ns > b.flow.last_seen_ns;
}

/// The latest flows, in no order: a heap whose top is the one to give way.
std::vector<LiveFlow> latest_flows(Gate& gate, std::size_t count) {
    std::vector<LiveFlow> flows;
    const auto visit = [&](const tg_flow_key& key, const tg_flow& flow, bool embryo) {
        if (embryo || count == 0) {
            return;
        }
        if (flows.size() == count) {
            if (!is_later({key, flow}, flows.front())) {
                return;
            }
            std::pop_heap(flows.begin(), flows.end(), is_later);
            flows.pop_back();
        }
        flows.push_back({key, flow});
        std::push_heap(flows.begin(), flows.end(), is_later);
    };
    // A table that cannot be read has no flows; the agent's own reading of it says why.
    static_cast<void>(gate.for_each_flow(visit));
    std::sort_heap(flows.begin(), flows.end(), is_later);
    return flows;
}

Json flow_json(Agent& agent, const LiveFlow& live, policy::Timestamp now) {
    const policy::FlowRecord flow =
        to_record(live.key, live.flow, agent.clock().boot_minus_wall_ns());
    Json json{{"interface", agent.interface_of(flow.zone)},
              {"direction", policy::to_text(flow.direction)},
              {"protocol", policy::protocol_text(flow.protocol)},
              {"remote", flow.remote.to_string()},
              {"remotePort", flow.remote_port},
              {"local", flow.local.to_string()},
              {"localPort", flow.local_port},
              {"receivedPackets", flow.packets[TG_INGRESS]},
              {"receivedBytes", flow.bytes[TG_INGRESS]},
              {"sentPackets", flow.packets[TG_EGRESS]},
              {"sentBytes", flow.bytes[TG_EGRESS]}};
    const auto names = agent.learning().learner().names().valid(flow.remote, now);
    if (!names.empty()) {
        json["remoteName"] = names.front();
    }
    if (std::string peer = agent.gate().peer_of(flow.zone, Prefix{flow.remote}); !peer.empty()) {
        json["peer"] = std::move(peer);
    }
    const bool current = live.flow.generation == agent.warden().in_force().number;
    if (const policy::Rule* rule = agent.warden().policy()->rule(live.flow.rule);
        current && rule != nullptr) {
        json["rule"] = rule->name;
    }
    if ((live.flow.flags & TG_FLOW_WOULD_DROP) != 0) {
        json["wouldDrop"] = tollgate::label(static_cast<DropReason>(live.flow.would_drop));
    }
    const std::uint64_t now_ns = agent.clock().boot_ns();
    json["idle"] =
        now_ns > live.flow.last_seen_ns ? (now_ns - live.flow.last_seen_ns) / TG_SECOND : 0;
    return json;
}

}  // namespace

Json live_flows_json(Agent& agent, std::uint64_t last) {
    const auto now = to_timestamp(agent.clock().boot_ns(), agent.clock().boot_minus_wall_ns());
    Json json = envelope("LiveFlows");
    json["flows"] = Json::array();
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(last, kLiveFlowsMax));
    for (const LiveFlow& flow : latest_flows(agent.gate(), most)) {
        json["flows"].push_back(flow_json(agent, flow, now));
    }
    return json;
}

}  // namespace tollgate::agent
