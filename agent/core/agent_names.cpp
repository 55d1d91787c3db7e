// SPDX-License-Identifier: MIT
// Names from the DNS answers that the data path shows.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "agent/core/agent.hpp"

namespace tollgate::agent {

void Agent::read_dns(ObservedEvent event, std::span<const std::byte> record) {
    std::uint32_t size = 0;
    std::memcpy(&size, record.data() + offsetof(tg_event_dns, size), sizeof size);
    const auto message = record.subspan(offsetof(tg_event_dns, message));
    event.name.clear();
    if (dns_ == nullptr) {
        note_event(std::move(event));
        return;
    }
    dns_->read(message.first(std::min<std::size_t>({size, TG_DNS_MESSAGE_MAX, message.size()})),
               [this, event = std::move(event)](const std::optional<DnsReading>& reading) {
                   ObservedEvent read = event;
                   if (reading) {
                       learning_->on_dns_answer(read.record, *reading);
                       read.name = reading->name;
                   }
                   note_event(std::move(read));
               });
}

}  // namespace tollgate::agent
