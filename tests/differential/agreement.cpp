// SPDX-License-Identifier: MIT
#include "tests/differential/agreement.hpp"

#include <chrono>
#include <ctime>
#include <set>
#include <thread>
#include <utility>

#include <tollgate/abi/parse.h>

#include "policy/compile.hpp"

namespace tollgate::test {
namespace {

using policy::BootTime;
using policy::Judgement;

constexpr std::uint64_t kFramesPerNameCheck = 64;

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        text += kDigits[value >> 4U];
        text += kDigits[value & 0xfU];
    }
    return text;
}

std::string words(bool passed, bool would_drop, DropReason reason) {
    std::string text = passed ? "passes" : "drops";
    text += would_drop ? " (would drop): " : ": ";
    text += label(reason);
    return text;
}

std::string describe(const policy::Rule& rule) {
    std::string text = rule.name + " (";
    for (const std::string& remote : rule.remote) {
        text += remote + " ";
    }
    return text + (rule.expires ? "expires)" : ")");
}

// A packet that a rule lets through, or that a deny rule drops, is counted for it.
bool counts_for_rule(const Judgement& judgement) {
    return judgement.rule != nullptr &&
           (judgement.reason == DropReason::none || judgement.reason == DropReason::policy_deny);
}

}  // namespace

BootTime boot_now() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Agreement::Agreement(std::unique_ptr<LoadedGate> gate, tg_link link)
    : gate_(std::move(gate)), link_(link), model_(policy::Policy{}, policy::Stage::enforce) {
    if (link == TG_LINK_TUNNEL) {
        model_.be_tunnel();
    }
}

Result<std::unique_ptr<Agreement>> Agreement::begin(tg_link link) {
    auto gate = LoadedGate::load({.flows = 262144, .embryos = 262144}, link);
    if (!gate) {
        return Failure{gate.error()};
    }
    auto both = std::unique_ptr<Agreement>(new Agreement(*std::move(gate), link));
    if (auto first = both->use({}); !first) {
        return Failure{first.error()};
    }
    return both;
}

Result<void> Agreement::use(NextPolicy next) {
    const BootTime now = boot_now();
    const auto wall = std::chrono::system_clock::now();
    const auto compiled_at = std::chrono::floor<std::chrono::seconds>(wall);
    const auto compiled = policy::compile(next.policy, compiled_at);
    if (!compiled) {
        return Failure{compiled.error()};
    }
    policy::ReferenceGeneration generation;
    generation.stage = next.stage;
    generation.number = ++generation_;
    generation.compiled_at = compiled_at;
    generation.boot_minus_wall = now - BootTime(wall.time_since_epoch());
    generation.grace_until = now + next.grace;
    generation.deadline = next.deadline.count() == 0 ? BootTime{0} : now + next.deadline;
    generation.policy = std::move(next.policy);

    agent::NewGeneration loaded;
    loaded.policy = &*compiled;
    loaded.stage.fill(static_cast<std::uint8_t>(next.stage));
    loaded.number = generation_;
    loaded.grace_until_ns = static_cast<std::uint64_t>(generation.grace_until.count());
    loaded.deadline_ns = static_cast<std::uint64_t>(generation.deadline.count());
    loaded.boot_minus_wall_ns = generation.boot_minus_wall.count();
    if (auto switched = gate_->switch_to(loaded); !switched) {
        return switched;
    }
    const std::uint32_t slot = gate_->slot();
    rule_numbers_[slot].clear();
    for (std::uint32_t i = 1; i < compiled->rule_names.size(); ++i) {
        rule_numbers_[slot][compiled->rule_names[i]] = i;
        rule_packets_[{slot, i}] = 0;
    }
    model_.switch_to(std::move(generation), now);
    return {};
}

Result<void> Agreement::bump() {
    const std::uint32_t number = generation_ + 1;
    generation_ += 2;
    model_.bump(number);
    return gate_->bump(number);
}

Result<void> Agreement::set_open(bool open) {
    model_.set_open(open);
    return gate_->set_open(open);
}

Result<void> Agreement::blocklist(const Prefix& prefix, bool add) {
    if (add) {
        model_.blocklist_add(prefix);
    } else {
        model_.blocklist_remove(prefix);
    }
    return gate_->blocklist(prefix, add);
}

Result<void> Agreement::resolve(const IpAddress& address, const policy::NamePattern& pattern) {
    const BootTime expires = boot_now() + std::chrono::hours(1);
    model_.resolve(address, pattern, expires);
    return gate_->resolve(
        address, gate_->hash_of(pattern), static_cast<std::uint64_t>(expires.count()));
}

Result<void> Agreement::allow(const Prefix& prefix, const std::optional<std::string>& peer) {
    // The program's clock has ticks: what it judged before must be older by one, and what comes
    // after must be younger.
    constexpr std::chrono::milliseconds kTicks{12};
    std::this_thread::sleep_for(kTicks);
    auto changed = peer ? gate_->own(prefix, *peer) : gate_->disown(prefix);
    if (peer) {
        model_.peers().allow(prefix, *peer, boot_now());
    } else {
        model_.peers().disallow(prefix, boot_now());
    }
    std::this_thread::sleep_for(kTicks);
    return changed;
}

testing::AssertionResult Agreement::judge(std::span<const std::byte> frame,
                                          policy::Direction direction) {
    // The program first: what it cannot be given, the model does not see either.
    const auto seen = gate_->run(frame, direction);
    if (!seen) {
        ++skipped_;
        return testing::AssertionSuccess();
    }
    const Judgement expected = model_.judge(frame, direction, boot_now());
    ++frames_;
    last_passed_ = expected.passed;
    ++reasons_[expected.reason];
    auto result = compare(expected, *seen, is_counted(expected));
    if (result && frames_ % kFramesPerNameCheck == 0) {
        result = names_agree();
    }
    if (!result) {
        result << "\n"
               << flow_of(frame, direction) << "\nframe " << frames_ << ", "
               << (direction == policy::Direction::ingress ? "ingress" : "egress") << ", "
               << frame.size() << " bytes: " << hex(frame);
    }
    return result;
}

// Whether the counter of the rule that the model names, if any, is where it must be.
bool Agreement::is_counted(const Judgement& expected) {
    if (!counts_for_rule(expected)) {
        return true;
    }
    const std::uint32_t slot = gate_->slot();
    const std::uint32_t rule = rule_numbers_.at(slot).at(expected.rule->name);
    return gate_->rule_packets(slot, rule) == ++rule_packets_[{slot, rule}];
}

testing::AssertionResult Agreement::compare(const Judgement& expected,
                                            const Observation& seen,
                                            bool rule_counted) {
    const bool same = expected.passed == seen.passed && expected.reason == seen.reason &&
                      expected.would_drop == seen.would_drop;
    if (same && rule_counted && seen.frames_counted == 1) {
        return testing::AssertionSuccess();
    }
    auto result = testing::AssertionFailure();
    result << "the model " << words(expected.passed, expected.would_drop, expected.reason)
           << (expected.rule == nullptr ? "" : " by " + describe(*expected.rule))
           << ", the program " << words(seen.passed, seen.would_drop, seen.reason);
    if (!rule_counted) {
        result << ", but counts it for another rule";
    }
    if (seen.frames_counted != 1) {
        result << ", and counts " << seen.frames_counted << " frames";
    }
    return result;
}

// What both know of the frame's flow.
std::string Agreement::flow_of(std::span<const std::byte> frame,
                               policy::Direction direction) const {
    const tg_frame parsed{frame.data(),
                          frame.data() + frame.size(),
                          static_cast<std::uint32_t>(frame.size()),
                          static_cast<std::uint8_t>(direction)};
    tg_packet packet{};
    if (tg_parse(&parsed, link_, 0, &packet) != TG_DROP_NONE) {
        return "not a packet";
    }
    std::string text = "generation " + std::to_string(generation_);
    if (const auto known = model_.flows().find(packet.key); known != model_.flows().end()) {
        const policy::ReferenceFlow& flow = known->second;
        text += ", model: initiator " + std::to_string(static_cast<int>(flow.initiator)) +
                (flow.embryo ? " embryo" : " flow") + (flow.answered ? " answered" : "") +
                (flow.established ? " established" : "") + (flow.picked_up ? " assured" : "") +
                (flow.reset ? " reset" : "") + " generation " + std::to_string(flow.generation) +
                " isn " + std::to_string(flow.isn) + " seen " +
                std::to_string((boot_now() - flow.last_seen).count());
    }
    for (const char* table : {"flows", "embryos"}) {
        if (const auto flow = gate_->flow(table, packet.key)) {
            text += std::string(", program's ") + table + ": flags " + std::to_string(flow->flags) +
                    " generation " + std::to_string(flow->generation) + " isn " +
                    std::to_string(flow->isn) + " packets " + std::to_string(flow->packets[0]) +
                    "/" + std::to_string(flow->packets[1]);
        }
    }
    return text;
}

// Every address that the model has resolved has the same names in the program's table.
testing::AssertionResult Agreement::names_agree() {
    for (const auto& [address, names] : model_.resolved()) {
        std::set<std::uint64_t> expected;
        for (const auto& [pattern, expires] : names) {
            expected.insert(gate_->hash_of(pattern));
        }
        const std::set<std::uint64_t> seen = gate_->names_of(address);
        if (seen != expected) {
            return testing::AssertionFailure()
                   << address.to_string() << " has the names " << testing::PrintToString(seen)
                   << " in the program, " << testing::PrintToString(expected) << " in the model";
        }
    }
    return testing::AssertionSuccess();
}

std::string Agreement::summary() const {
    std::string text;
    for (const auto& [reason, count] : reasons_) {
        text += std::string(label(reason)) + " " + std::to_string(count) + ", ";
    }
    return text + "skipped " + std::to_string(skipped_);
}

}  // namespace tollgate::test
