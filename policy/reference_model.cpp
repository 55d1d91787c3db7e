// SPDX-License-Identifier: MIT
#include "policy/reference_model.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <tollgate/abi/parse.h>

#include "policy/reference_baseline.hpp"
#include "policy/reference_icmp.hpp"

namespace tollgate::policy {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint16_t kEchoRequest4 = 8;
constexpr std::uint16_t kEchoRequest6 = 128;

DropReason parse(PacketView& view, tg_link link) {
    const tg_frame frame{view.frame.data(),
                         view.frame.data() + view.frame.size(),
                         static_cast<std::uint32_t>(view.frame.size()),
                         static_cast<std::uint8_t>(view.direction)};
    return static_cast<DropReason>(tg_parse_any(&frame, link, 0, &view.packet));
}

// RFC 1071, over the IPv4 header with its options.
bool wrong_header_checksum(const PacketView& view) {
    if (!view.has(TG_PACKET_IPV4)) {
        return false;
    }
    const auto header = view.network().first(view.packet.l4_offset - view.packet.l3_offset);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < header.size(); i += 2) {
        sum += be16_at(header, i);
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return sum != 0xffff;
}

Direction opposite(Direction direction) {
    return direction == Direction::ingress ? Direction::egress : Direction::ingress;
}

// What the initiator asks for: destination port, ICMP type, or nothing. An echo reply belongs to a
// request.
std::uint16_t service_of(const PacketView& view, Direction initiator) {
    if (view.echo()) {
        return view.protocol() == IPPROTO_ICMP ? kEchoRequest4 : kEchoRequest6;
    }
    if (view.icmp()) {
        return view.packet.icmp_type;
    }
    if (view.protocol() != IPPROTO_TCP && view.protocol() != IPPROTO_UDP) {
        return 0;
    }
    const tg_flow_key& key = view.packet.key;
    return ntohs(initiator == Direction::ingress ? key.local_port : key.remote_port);
}

// Whoever sends a SYN+ACK responds; otherwise the lower port serves, in doubt the local one.
Direction guessed_initiator(const PacketView& view) {
    if (view.syn_ack()) {
        return opposite(view.direction);
    }
    const tg_flow_key& key = view.packet.key;
    const bool remote_responds = ntohs(key.remote_port) < ntohs(key.local_port);
    return remote_responds ? Direction::egress : Direction::ingress;
}

}  // namespace

// One packet, and the generation that judges it.
struct ReferenceModel::Packet {
    PacketView view;
    const ReferenceGeneration& generation;
    LimitState& limits;

    [[nodiscard]] Judgement judged(DropReason reason, const Rule* rule = nullptr) const {
        const bool lenient = generation.stage != Stage::enforce &&
                             reason != DropReason::policy_deny && reason != DropReason::blocklist;
        Judgement judgement;
        judgement.reason = reason;
        judgement.rule = rule;
        judgement.would_drop = reason != DropReason::none && lenient;
        judgement.passed = reason == DropReason::none || lenient;
        return judgement;
    }
};

ReferenceModel::ReferenceModel(Policy policy, Stage stage) {
    generations_.front().policy = std::move(policy);
    generations_.front().stage = stage;
}

ReferenceModel::ReferenceModel(ReferenceGeneration generation) {
    generations_.front() = std::move(generation);
}

Judgement ReferenceModel::judge(std::span<const std::byte> frame,
                                Direction direction,
                                BootTime now) {
    const std::size_t in_force = slot(now);
    Packet packet{
        PacketView{frame, {}, direction, now}, generations_.at(in_force), limits_.at(in_force)};
    if (open_ || packet.generation.stage == Stage::open) {
        return packet.judged(DropReason::none);
    }
    const DropReason malformed = parse(packet.view, link_);
    if (malformed != DropReason::none) {
        return packet.judged(malformed);
    }
    const std::uint32_t parts = link_ == TG_LINK_TUNNEL ? 0 : packet.generation.policy.baseline;
    const auto baseline = baseline_verdict(packet.view, parts);
    if (baseline) {
        return packet.judged(*baseline);
    }
    if (tunnels_.is_to_tunnel(packet.view)) {
        return judge_to_tunnel(packet);
    }
    if (packet.view.has(TG_PACKET_FRAGMENT_LATER)) {
        return judge_later_fragment(packet);
    }
    const Judgement judgement = judge_ip(packet);
    if (judgement.passed) {
        remember(packet);
    }
    return judgement;
}

Judgement ReferenceModel::judge_later_fragment(const Packet& packet) const {
    const auto first = fragments_.find(fragment_key(packet.view));
    if (first == fragments_.end() || packet.view.now > first->second.expires) {
        return packet.judged(DropReason::fragment_unknown);
    }
    const bool overlaps = packet.view.packet.fragment_offset < first->second.first_end;
    return packet.judged(overlaps ? DropReason::fragment_overlap : DropReason::none);
}

// What a packet that passes leaves behind besides its flow.
void ReferenceModel::remember(const Packet& packet) {
    const PacketView& view = packet.view;
    if (view.has(TG_PACKET_FRAGMENT_FIRST)) {
        const std::size_t end = std::size_t{view.packet.l4_offset} + view.packet.l4_bytes;
        fragments_[fragment_key(view)] = {view.now + BootTime(TG_FRAGMENT_NS),
                                          end - view.packet.fragment_payload};
        return;
    }
    if (view.protocol() == IPPROTO_UDP && ntohs(view.packet.key.remote_port) == kDnsPort) {
        dns_.read(view, known_names());
    }
}

// Rules that allow have no say.
Judgement ReferenceModel::judge_to_tunnel(const Packet& packet) {
    if (wrong_header_checksum(packet.view)) {
        return packet.judged(DropReason::ipv4_checksum);
    }
    const PolicyVerdict policy = verdict(packet, Direction::ingress);
    if (policy.reason == DropReason::policy_deny || policy.reason == DropReason::blocklist) {
        return packet.judged(policy.reason, policy.rule);
    }
    if (!policy.allowed() && blocklisted(packet.view.remote())) {
        return packet.judged(DropReason::blocklist);
    }
    return packet.judged(tunnels_.judge(packet.view));
}

Judgement ReferenceModel::judge_ip(const Packet& packet) {
    const PacketView& view = packet.view;
    if (is_icmp_error(view)) {
        const auto quoted = quoted_flow(view);
        const bool silent = quoted && !view.ingress() && tunnels_.is_of_tunnel_port(*quoted);
        const bool related = quoted && !silent && flows_.live(*quoted, view.now) != nullptr;
        return packet.judged(related ? DropReason::none : DropReason::icmp_unrelated);
    }
    return view.icmp() && !view.echo() ? judge_icmp(packet) : judge_flow(packet);
}

// ICMP other than echo and errors has no flow.
Judgement ReferenceModel::judge_icmp(const Packet& packet) {
    if (packet.view.ingress() && wrong_header_checksum(packet.view)) {
        return packet.judged(DropReason::ipv4_checksum);
    }
    if (is_icmp_reply(packet.view)) {
        return packet.judged(DropReason::no_flow);
    }
    return judge_alone(packet, verdict(packet, packet.view.direction));
}

Judgement ReferenceModel::judge_flow(const Packet& packet) {
    const PacketView& view = packet.view;
    ReferenceFlow* flow = flows_.live(view.packet.key, view.now);
    if (flow == nullptr || (view.syn() && flow->closing())) {
        return judge_without_flow(packet);
    }
    if (!view.syn() || flow->initiator == view.direction) {
        return judge_live(packet, *flow);
    }
    if (view.ingress() && wrong_header_checksum(view)) {
        return packet.judged(DropReason::ipv4_checksum);
    }
    return judge_alone(packet, verdict(packet, view.direction));
}

Judgement ReferenceModel::judge_live(const Packet& packet, ReferenceFlow& flow) {
    const PacketView& view = packet.view;
    if (!flow.accepts(view)) {
        return packet.judged(DropReason::no_flow);
    }
    if (flow.generation != packet.generation.number || flow.last_seen <= peers_.changed()) {
        if (view.ingress() && wrong_header_checksum(view)) {
            return packet.judged(DropReason::ipv4_checksum);
        }
        if (const auto refusal = judge_again(packet, flow)) {
            return *refusal;
        }
    }
    Judgement judgement = packet.judged(flow.would_drop, flow.rule);
    if (flow.rule != nullptr && has_expired(packet.generation, *flow.rule, view.now)) {
        judgement = packet.judged(DropReason::rule_expired, flow.rule);
    } else if (flow.rule != nullptr && !packet.limits.take_packet(*flow.rule, view.now)) {
        judgement = packet.judged(DropReason::rate_limit, flow.rule);
    }
    if (judgement.passed) {
        flow.advance(view);
    }
    judgement.flow_hit = true;
    judgement.flow = view.packet.key;
    return judgement;
}

// A flow whose verdict is outdated. @return the drop; nullopt: it lives on
std::optional<Judgement> ReferenceModel::judge_again(const Packet& packet, ReferenceFlow& flow) {
    const PolicyVerdict again = verdict(packet, flow.initiator, true);
    const Judgement judgement = packet.judged(again.reason, again.rule);
    if (!judgement.passed) {
        return judgement;
    }
    flow.generation = packet.generation.number;
    flow.rule = again.allowed() ? again.rule : nullptr;
    flow.would_drop = again.reason;
    return std::nullopt;
}

Judgement ReferenceModel::judge_without_flow(const Packet& packet) {
    const PacketView& view = packet.view;
    if (view.ingress() && wrong_header_checksum(view)) {
        return packet.judged(DropReason::ipv4_checksum);
    }
    if (view.echo_reply()) {
        return packet.judged(DropReason::no_flow);
    }
    if (view.tcp() && !view.syn()) {
        return judge_mid_stream(packet);
    }
    return open_flow(packet, view.direction, verdict(packet, view.direction));
}

// TCP without a flow whose first packet is not a SYN.
Judgement ReferenceModel::judge_mid_stream(const Packet& packet) {
    const PacketView& view = packet.view;
    const bool permitted =
        !view.ingress() || (view.now < packet.generation.grace_until && !view.syn_ack());
    const bool observed = packet.generation.stage != Stage::enforce;
    if (!permitted && (!observed || view.rst())) {
        return packet.judged(DropReason::no_flow);
    }
    const PolicyVerdict own = verdict(packet, view.direction);
    const PolicyVerdict reverse = verdict(packet, opposite(view.direction));
    Direction initiator = guessed_initiator(view);
    if (!view.syn_ack() && own.allowed() != reverse.allowed()) {
        initiator = own.allowed() ? view.direction : opposite(view.direction);
    }
    PolicyVerdict decided = initiator == view.direction ? own : reverse;
    const bool refused =
        decided.reason == DropReason::policy_deny || decided.reason == DropReason::blocklist;
    if (!(observed && refused) && !(permitted && decided.allowed())) {
        decided.reason = DropReason::no_flow;
    }
    return view.rst() ? judge_alone(packet, decided) : open_flow(packet, initiator, decided);
}

// A packet that makes no flow.
Judgement ReferenceModel::judge_alone(const Packet& packet, const PolicyVerdict& verdict) {
    DropReason reason = verdict.reason;
    if (verdict.allowed() && verdict.rule != nullptr &&
        !packet.limits.take_packet(*verdict.rule, packet.view.now)) {
        reason = DropReason::rate_limit;
    }
    return packet.judged(reason, verdict.rule);
}

Judgement ReferenceModel::open_flow(const Packet& packet,
                                    Direction initiator,
                                    const PolicyVerdict& verdict) {
    const PacketView& view = packet.view;
    DropReason reason = verdict.reason;
    if (verdict.allowed() && verdict.rule != nullptr &&
        !packet.limits.take_new_flow(*verdict.rule, view.now)) {
        reason = DropReason::rate_limit;
    }
    Judgement judgement = packet.judged(reason, verdict.rule);
    if (!judgement.passed) {
        return judgement;
    }
    ReferenceFlow flow;
    flow.initiator = initiator;
    flow.picked_up = view.tcp() && !view.syn() && !view.syn_ack();
    flow.embryo = initiator == Direction::ingress && !flow.picked_up;
    flow.generation = packet.generation.number;
    flow.rule = reason == DropReason::none ? verdict.rule : nullptr;
    flow.would_drop = reason;
    flow.remote_mac = view.remote_mac();
    flow.icmp_type = view.packet.icmp_type;
    flow.first_seen = view.now;
    flow.advance(view);
    flows_.replace(view.packet.key, flow);
    judgement.flow_created = true;
    judgement.flow = view.packet.key;
    return judgement;
}

PolicyVerdict ReferenceModel::verdict(const Packet& packet,
                                      Direction initiator,
                                      bool expired_names) const {
    const PacketView& view = packet.view;
    Request request;
    request.direction = initiator;
    request.protocol = view.protocol();
    request.service = service_of(view, initiator);
    request.remote = view.remote();
    request.remote_mac = view.remote_mac();
    request.link = link_;
    request.peer = peers_.of(request.remote);
    request.names = dns_.names_of(request.remote, view.now, expired_names);
    request.blocklisted = blocklisted(request.remote);
    request.of_tunnel =
        initiator == Direction::egress && tunnels_.is_of_tunnel_port(view.packet.key);
    request.now = view.now;
    return policy_verdict(packet.generation, request);
}

// Of both generations: the other one may come back.
std::vector<NamePattern> ReferenceModel::known_names() const {
    std::vector<NamePattern> names;
    for (const ReferenceGeneration& loaded : generations_) {
        for (const Rule& rule : loaded.policy.rules) {
            if (!is_left_out(loaded, rule)) {
                names.insert(names.end(), rule.selector.names.begin(), rule.selector.names.end());
            }
        }
    }
    return names;
}

bool ReferenceModel::blocklisted(const IpAddress& address) const {
    return std::any_of(blocklist_.begin(), blocklist_.end(), [&](const Prefix& prefix) {
        return prefix.contains(address);
    });
}

void ReferenceModel::switch_to(ReferenceGeneration next, BootTime now) {
    active_ = 1 - slot(now);
    generations_.at(active_) = std::move(next);
    limits_.at(active_).clear();
}

void ReferenceModel::revert(std::uint32_t number) {
    active_ = 1 - active_;
    generations_.at(active_).number = number;
    generations_.at(active_).deadline = BootTime{0};
}

void ReferenceModel::bump(std::uint32_t number) {
    generations_.at(active_).number = number;
    generations_.at(1 - active_).number = number + 1;
}

void ReferenceModel::blocklist_remove(const Prefix& prefix) {
    blocklist_.erase(std::remove(blocklist_.begin(), blocklist_.end(), prefix), blocklist_.end());
}

std::size_t ReferenceModel::slot(BootTime now) const {
    const BootTime deadline = generations_.at(active_).deadline;
    return deadline.count() != 0 && now >= deadline ? 1 - active_ : active_;
}

const ReferenceGeneration& ReferenceModel::generation(BootTime now) const {
    return generations_.at(slot(now));
}

}  // namespace tollgate::policy
