// SPDX-License-Identifier: MIT
#include "policy/reference_flow.hpp"

#include <netinet/in.h>

#include <tollgate/abi/limits.h>

namespace tollgate::policy {

BootTime ReferenceFlow::timeout(std::uint8_t protocol) const {
    switch (protocol) {
        case IPPROTO_TCP:
            if (closing()) {
                return BootTime(TG_TCP_CLOSING_NS);
            }
            return BootTime(established ? TG_TCP_ESTABLISHED_NS : TG_TCP_EMBRYO_NS);
        case IPPROTO_UDP:
            return BootTime(answered ? TG_UDP_STREAM_NS : TG_UDP_EMBRYO_NS);
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
            return BootTime(TG_ICMP_NS);
        default:
            return BootTime(TG_OTHER_NS);
    }
}

bool ReferenceFlow::completes_handshake(const PacketView& view) const {
    return answered && view.ack() && !view.syn_ack() && !view.rst() &&
           view.packet.tcp_acknowledgement == isn + 1;
}

bool ReferenceFlow::accepts(const PacketView& view) const {
    if (!embryo || !view.tcp() || !view.ingress()) {
        return true;
    }
    return view.syn() || view.rst() || completes_handshake(view);
}

void ReferenceFlow::advance(const PacketView& view) {
    const auto direction = static_cast<std::size_t>(view.direction);
    const bool by_initiator = view.direction == initiator;
    packets.at(direction) += 1;
    bytes.at(direction) += view.packet.frame_bytes;
    last_seen = view.now;

    if (view.tcp()) {
        if (established && !view.ingress() && view.ack()) {
            rcv_nxt = view.packet.tcp_acknowledgement;
        }
        advance_tcp(view, by_initiator);
    } else {
        answered = answered || !by_initiator;
        established = established || (by_initiator && answered);
    }
    embryo = embryo && !established;
}

bool ReferenceFlow::believes_reset(const PacketView& view) const {
    return !view.ingress() || !established ||
           (rcv_nxt != 0 && view.packet.tcp_sequence - rcv_nxt < TG_TCP_RESET_WINDOW);
}

void ReferenceFlow::establish(const PacketView& view) {
    if (established || !answered) {
        return;
    }
    if (!embryo) {
        established = true;
        rcv_nxt = view.ingress() ? 0 : view.packet.tcp_acknowledgement;
    } else if (completes_handshake(view)) {
        established = true;
        rcv_nxt = view.packet.tcp_sequence;
    }
}

void ReferenceFlow::advance_tcp(const PacketView& view, bool by_initiator) {
    const auto direction = static_cast<std::size_t>(view.direction);
    if (view.rst()) {
        reset = reset || believes_reset(view);
        return;
    }
    reset = false;
    fin.at(direction) = fin.at(direction) || view.fin();
    if (by_initiator) {
        establish(view);
        return;
    }
    answered = answered || picked_up || view.syn_ack();
    if (view.syn_ack() && !established) {
        isn = view.packet.tcp_sequence;
    }
}

ReferenceFlow* ReferenceFlows::live(const tg_flow_key& key, BootTime now) {
    const auto found = flows_.find(key);
    if (found == flows_.end()) {
        return nullptr;
    }
    ReferenceFlow& flow = found->second;
    return now - flow.last_seen > flow.timeout(key.protocol) ? nullptr : &flow;
}

ReferenceFlow& ReferenceFlows::replace(const tg_flow_key& key, const ReferenceFlow& flow) {
    return flows_.insert_or_assign(key, flow).first->second;
}

}  // namespace tollgate::policy
