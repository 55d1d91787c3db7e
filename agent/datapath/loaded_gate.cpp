// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "agent/datapath/blocklist.hpp"
#include "agent/datapath/counters.hpp"
#include "agent/datapath/event_reader.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/datapath/gate_object.hpp"
#include "agent/datapath/generation_writer.hpp"
#include "agent/datapath/inherited_pins.hpp"
#include "agent/datapath/interface_gate.hpp"
#include "agent/datapath/loaded_tunnel_gate.hpp"
#include "agent/datapath/name_tables.hpp"
#include "agent/datapath/pin_folder.hpp"
#include "agent/datapath/requirements.hpp"
#include "agent/datapath/state_tables.hpp"
#include "agent/datapath/tracer.hpp"
#include "agent/datapath/tunnel_queue.hpp"
#include "agent/datapath/tunnel_seats.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::agent {

namespace {

// The parts hold references to one another, so this stays where it was made.
class LoadedGate final : public Gate {
  public:
    struct Parts {
        PinFolder pins;
        std::shared_ptr<const GateObject> object;
        EventReader events;
        std::shared_ptr<TunnelSeats> seats;
        std::uint64_t name_key;
    };
    LoadedGate(GateOptions options, Parts parts)
        : options_{std::move(options)},
          pins_{std::move(parts.pins)},
          object_{std::move(parts.object)},
          events_{std::move(parts.events)},
          generations_{*object_, pins_},
          state_{*object_},
          blocklist_{object_->map("blocklist")},
          seats_{std::move(parts.seats)},
          name_key_{parts.name_key},
          adopted_{generations_.in_force().has_value()} {}

    [[nodiscard]] bool adopted() const override { return adopted_; }

    Result<Attachment> attach(const std::string& interface, std::uint8_t zone) override {
        return attach_as(TG_LINK_CLEAR, interface, zone);
    }
    Result<Attachment> attach_tunnel(const std::string& interface, std::uint8_t zone) override {
        return attach_as(TG_LINK_TUNNEL, interface, zone);
    }
    Result<void> prepare(std::uint8_t zone) override;
    Result<void> detach(const std::string& interface) override;
    std::vector<Attachment> attachments() override;

    Result<void> switch_to(const NewGeneration& next) override {
        return generations_.switch_to(next);
    }
    Result<void> confirm() override { return generations_.confirm(); }
    Result<void> revert(std::uint32_t number) override { return generations_.revert(number); }
    Result<tg_generation> generation() override { return generations_.in_force(); }
    Result<tg_control> control() override { return generations_.control(); }
    Result<void> set_open(bool open) override { return generations_.set_open(open); }
    Result<void> set_stage(std::uint8_t zone, std::uint8_t in_force, std::uint8_t other) override;
    Result<void> bump(std::uint32_t number) override { return generations_.bump(number); }

    Result<void> blocklist_add(std::span<const Prefix> prefixes) override {
        return blocklist_.add(prefixes);
    }
    Result<void> blocklist_remove(std::span<const Prefix> prefixes) override {
        return blocklist_.remove(prefixes);
    }
    Result<std::vector<Prefix>> blocklist() override { return blocklist_.list(); }

    Result<void> for_each_flow(const FlowVisitor& visit) override {
        return state_.for_each_flow(visit);
    }
    Result<void> seed_flow(const tg_flow_key& key, const tg_flow& flow) override {
        return state_.seed_flow(key, flow);
    }
    Result<void> for_each_service(const ServiceVisitor& visit) override {
        return state_.for_each_service(visit);
    }
    Result<void> remove_service(const tg_service_key& key) override {
        return state_.remove_service(key);
    }
    Result<void> resolve(const IpAddress& address,
                         std::uint64_t pattern,
                         std::uint64_t expires_ns) override {
        return state_.resolve(address, pattern, expires_ns);
    }
    [[nodiscard]] std::uint64_t hash_of(const policy::NamePattern& pattern) const override {
        return pattern.hash(name_key_);
    }
    bool names_are_lost() override;
    Result<void> for_each_resolved(const ResolvedVisitor& visit) override {
        return state_.for_each_resolved(visit);
    }

    Result<tg_interface_counters> interface_counters(std::uint8_t zone,
                                                     tg_direction direction) override;
    Result<std::vector<tg_rule_counters>> rule_counters(std::uint32_t rules) override;
    Result<tg_gate_counters> gate_counters() override { return read_gate_counters(*object_); }
    Result<std::vector<tg_report>> reports() override { return read_reports(*object_); }
    std::vector<TableUse> tables() override;
    Result<std::unique_ptr<TunnelGate>> tunnel_gate(std::uint8_t zone) override;
    Result<TunnelPlace> tunnel_place(std::uint8_t zone) override;
    Result<std::unique_ptr<QueueSteering>> queue_steering() override {
        return open_queue_steering();
    }
    Result<std::vector<PeerAddress>> peer_addresses() override { return state_.peer_addresses(); }
    std::string peer_of(std::uint8_t zone, const Prefix& inner) override {
        return state_.peer_of(zone, inner);
    }

    [[nodiscard]] int events_fd() const override { return events_.fd(); }
    Result<void> poll_events(const EventVisitor& visit) override { return events_.poll(visit); }

    Result<Trace> trace(std::uint8_t zone,
                        tg_direction direction,
                        std::span<const std::byte> frame) override;

  private:
    [[nodiscard]] Result<void> check_zone(const std::string& interface, std::uint8_t zone) const;
    [[nodiscard]] Result<Attachment> attach_as(tg_link link,
                                               const std::string& interface,
                                               std::uint8_t zone);
    [[nodiscard]] Result<std::shared_ptr<const GateObject>> programs_for(std::uint8_t zone,
                                                                         tg_link link);
    [[nodiscard]] const InterfaceGate* gate_of(std::uint8_t zone) const;
    void tell_tunnels();

    GateOptions options_;
    PinFolder pins_;
    std::shared_ptr<const GateObject> object_;
    EventReader events_;
    GenerationWriter generations_;
    StateTables state_;
    Blocklist blocklist_;
    std::shared_ptr<TunnelSeats> seats_;
    std::uint64_t name_key_;  ///< secret
    std::shared_ptr<InterfaceBoard> board_ = std::make_shared<InterfaceBoard>();
    bool adopted_;
    std::vector<InterfaceGate> interfaces_;
    std::array<std::shared_ptr<const GateObject>, TG_ZONES_MAX> prepared_;  ///< for TG_LINK_CLEAR
    /// Of one zone at a time.
    struct DryRun {
        std::uint8_t zone;
        tg_link link;
        GateObject object;
    };
    std::optional<DryRun> dry_run_;
};

Result<void> LoadedGate::check_zone(const std::string& interface, std::uint8_t zone) const {
    if (zone >= TG_ZONES_MAX) {
        return failure(EINVAL, fmt::format("{} zones are protected at most", TG_ZONES_MAX));
    }
    const auto taken = std::find_if(interfaces_.begin(), interfaces_.end(), [&](const auto& gate) {
        return gate.pins().zone == zone && gate.target().name != interface;
    });
    return taken == interfaces_.end()
               ? Result<void>{}
               : failure(EINVAL, fmt::format("{} is zone {} already", taken->target().name, zone));
}

// The instance that brought the maps serves zone 0 itself, unless that is a tunnel's.
Result<std::shared_ptr<const GateObject>> LoadedGate::programs_for(std::uint8_t zone,
                                                                   tg_link link) {
    if (zone == 0 && link == TG_LINK_CLEAR) {
        return object_;
    }
    const InterfaceGate* const present = gate_of(zone);
    if (present != nullptr && present->target().link == link) {
        return present->object();  // one of its hooks is put back
    }
    if (link == TG_LINK_CLEAR && prepared_.at(zone)) {
        return std::exchange(prepared_.at(zone), nullptr);
    }
    return object_->load_again(zone, link, false).map([](GateObject object) {
        return std::make_shared<const GateObject>(std::move(object));
    });
}

const InterfaceGate* LoadedGate::gate_of(std::uint8_t zone) const {
    const auto found = std::ranges::find(
        interfaces_, zone, [](const InterfaceGate& gate) { return gate.pins().zone; });
    return found == interfaces_.end() ? nullptr : &*found;
}

Result<Attachment> LoadedGate::attach_as(tg_link link,
                                         const std::string& interface,
                                         std::uint8_t zone) {
    if (auto valid = check_zone(interface, zone); !valid) {
        return Failure{valid.error()};
    }
    if (auto loaded = generation(); !loaded) {
        return failure(loaded.error().code.value(),
                       fmt::format("attach to {}: {}", interface, loaded.error().context));
    }
    const auto ifindex = interface_index(interface);
    if (!ifindex) {
        return Failure{ifindex.error()};
    }
    const auto pins = pins_.make_interface(interface, zone);
    if (!pins) {
        return Failure{pins.error()};
    }
    if (auto inherited = inherit_pins(pins_, *pins); !inherited) {
        return Failure{inherited.error()};
    }
    auto programs = programs_for(zone, link);
    if (!programs) {
        return Failure{programs.error()};
    }
    auto gate =
        InterfaceGate::attach({interface, *ifindex, link}, *pins, *std::move(programs), options_);
    if (!gate) {
        return Failure{gate.error()};
    }
    std::erase_if(interfaces_, [&](const auto& old) { return old.target().name == interface; });
    interfaces_.push_back(*std::move(gate));
    tell_tunnels();
    if (auto dropped = drop_other_versions(pins_, *pins); !dropped) {
        return Failure{dropped.error()};
    }
    return interfaces_.back().attachment();
}

Result<void> LoadedGate::prepare(std::uint8_t zone) {
    if (zone >= TG_ZONES_MAX) {
        return failure(EINVAL, fmt::format("there is no zone {}", zone));
    }
    return programs_for(zone, TG_LINK_CLEAR).map([&](auto programs) {
        prepared_.at(zone) = std::move(programs);
    });
}

void LoadedGate::tell_tunnels() {
    std::vector<GateInterface> told;
    for (const auto& gate : interfaces_) {
        if (gate.target().link == TG_LINK_TUNNEL) {
            continue;
        }
        const Attachment now = gate.attachment();
        const bool has_xdp =
            now.ingress == AttachMode::native || now.ingress == AttachMode::generic;
        told.push_back({now.interface, now.ifindex, now.zone, has_xdp});
    }
    board_->set(std::move(told));
}

Result<void> LoadedGate::detach(const std::string& interface) {
    std::erase_if(interfaces_, [&](const auto& gate) { return gate.target().name == interface; });
    tell_tunnels();
    for (const auto& pins : pins_.interfaces()) {
        if (pins.interface != interface) {
            continue;
        }
        if (auto removed = remove_interface(pins); !removed) {
            return Failure{removed.error()};
        }
    }
    return {};
}

std::vector<Attachment> LoadedGate::attachments() {
    std::vector<Attachment> now;
    for (const auto& gate : interfaces_) {
        // What cannot be pinned now is tried again the next time.
        const bool restored = gate.restore_pins().value_or(false);
        now.push_back(gate.attachment());
        now.back().pins_restored = restored;
    }
    return now;
}

Result<tg_interface_counters> LoadedGate::interface_counters(std::uint8_t zone,
                                                             tg_direction direction) {
    if (zone >= TG_ZONES_MAX || direction >= TG_DIRECTIONS) {
        return failure(EINVAL, fmt::format("there is no zone {}", zone));
    }
    return read_interface_counters(*object_, zone, direction);
}

Result<std::vector<tg_rule_counters>> LoadedGate::rule_counters(std::uint32_t rules) {
    return generations_.slot_in_force().and_then(
        [&](std::uint32_t slot) { return read_rule_counters(*object_, slot, rules); });
}

std::vector<Gate::TableUse> LoadedGate::tables() {
    std::vector<TableUse> uses{state_.use_of_flows("flows", TG_TABLE_FLOWS),
                               state_.use_of_flows("embryos", TG_TABLE_EMBRYOS)};
    for (const char* table : {"fragments", "services", "resolved"}) {
        uses.push_back(state_.use(table));
    }
    uses.push_back({.table = "blocklist",
                    .used = blocklist_.size().value_or(0),
                    .limit = object_->map("blocklist").max_entries});
    return uses;
}

Result<void> LoadedGate::set_stage(std::uint8_t zone, std::uint8_t in_force, std::uint8_t other) {
    if (zone >= TG_ZONES_MAX) {
        return failure(EINVAL, fmt::format("there is no zone {}", zone));
    }
    return generations_.set_stage(zone, in_force, other);
}

bool LoadedGate::names_are_lost() {
    const auto slot = generations_.slot_in_force();
    return slot && generation() && !NameTables{*object_, pins_}.has(*slot);
}

Result<std::unique_ptr<TunnelGate>> LoadedGate::tunnel_gate(std::uint8_t zone) {
    auto place = tunnel_place(zone);
    if (!place) {
        return Failure{place.error()};
    }
    return LoadedTunnelGate::open(*std::move(place)).map([](auto gate) {
        return std::unique_ptr<TunnelGate>{std::move(gate)};
    });
}

Result<TunnelPlace> LoadedGate::tunnel_place(std::uint8_t zone) {
    auto seat = seats_->take(zone);
    if (!seat) {
        return Failure{seat.error()};
    }
    return TunnelPlace{seats_->maps(), *std::move(seat), zone, board_, seats_};
}

Result<Trace> LoadedGate::trace(std::uint8_t zone,
                                tg_direction direction,
                                std::span<const std::byte> frame) {
    const tg_link link = gate_of(zone) == nullptr ? TG_LINK_CLEAR : gate_of(zone)->target().link;
    if (!dry_run_ || dry_run_->zone != zone || dry_run_->link != link) {
        auto object = object_->load_again(zone, link, true);
        if (!object) {
            return Failure{object.error()};
        }
        dry_run_.emplace(DryRun{zone, link, *std::move(object)});
    }
    return trace_frame(dry_run_->object, link, direction, frame);
}

}  // namespace

Result<std::unique_ptr<Gate>> Gate::open(const GateOptions& options) {
    if (auto met = check_requirements(options.pin_dir); !met) {
        return Failure{met.error()};
    }
    auto pins = PinFolder::open(options.pin_dir);
    if (!pins) {
        return Failure{pins.error()};
    }
    auto loaded = GateObject::load(*pins, {options.flows, options.embryos, options.check_mac1});
    if (!loaded) {
        return Failure{loaded.error()};
    }
    const auto object = std::make_shared<const GateObject>(*std::move(loaded));
    const auto name_key = NameTables{*object, *pins}.settle();
    if (!name_key) {
        return Failure{name_key.error()};
    }
    auto events = EventReader::open(object->map_fd("events"));
    if (!events) {
        return Failure{events.error()};
    }
    auto seats = TunnelSeats::open(object);
    if (!seats) {
        return Failure{seats.error()};
    }
    const bool left_open = is_left_open(*pins);
    auto gate = std::make_unique<LoadedGate>(
        options,
        LoadedGate::Parts{
            *std::move(pins), object, *std::move(events), *std::move(seats), *name_key});
    if (left_open && !gate->adopted()) {
        if (auto opened = gate->set_open(true); !opened) {
            return Failure{opened.error()};
        }
    }
    return gate;
}

}  // namespace tollgate::agent
