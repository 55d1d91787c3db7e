// SPDX-License-Identifier: MIT
#include "agent/capture/replay.hpp"

#include "policy/flow_tracker.hpp"

namespace tollgate::agent {
namespace {

bool holds(const TimeSpan& span, policy::Timestamp at) {
    return span.begin <= at && at < span.end;
}

// What `all` has more than `before`, a report of the same simulation at the time `begin`.
policy::SimulationReport growth(policy::SimulationReport all,
                                const policy::SimulationReport& before,
                                policy::Timestamp begin) {
    all.flows -= before.flows;
    all.packets -= before.packets;
    all.packets_blocked -= before.packets_blocked;
    for (const auto& [reason, packets] : before.blocked_by_reason) {
        all.blocked_by_reason[reason] -= packets;
    }
    std::erase_if(all.blocked_by_reason, [](const auto& entry) { return entry.second == 0; });
    std::erase_if(all.blocked, [&](const policy::BlockedFlow& blocked) {
        return blocked.flow.first_seen < begin;
    });
    return all;
}

}  // namespace

Result<std::uint64_t> for_each_frame(
    const std::filesystem::path& file,
    const MacAddress& device,
    const std::function<void(const CapturedFrame&, policy::Direction)>& take) {
    auto capture = Capture::open(file);
    if (!capture) {
        return Failure(capture.error());
    }
    std::uint64_t frames = 0;
    while (true) {
        auto frame = capture->next();
        if (!frame) {
            return Failure(frame.error());
        }
        if (!frame->has_value()) {
            return frames;
        }
        if (const auto direction = orientation((*frame)->bytes, device)) {
            ++frames;
            take(**frame, *direction);
        }
    }
}

Result<std::uint64_t> learn_capture(const std::filesystem::path& file,
                                    const MacAddress& device,
                                    policy::Learner& learner,
                                    const TimeSpan& span) {
    policy::FlowTracker tracker({[&](const policy::FlowRecord& flow) { learner.observe(flow); },
                                 [&](const policy::NameBinding& binding) {
                                     learner.bind(binding);
                                 }});
    auto frames =
        for_each_frame(file, device, [&](const CapturedFrame& frame, policy::Direction direction) {
            if (holds(span, frame.at)) {
                learner.watch(frame.at);
                tracker.frame(direction, frame.at, frame.bytes, frame.original_length);
            }
        });
    tracker.finish();
    return frames;
}

Result<policy::SimulationReport> simulate_capture(const std::filesystem::path& file,
                                                  const MacAddress& device,
                                                  const policy::Policy& policy,
                                                  const TimeSpan& span) {
    policy::Simulation simulation(policy);
    std::optional<policy::SimulationReport> before;
    auto frames =
        for_each_frame(file, device, [&](const CapturedFrame& frame, policy::Direction direction) {
            if (!before && frame.at >= span.begin) {
                before = simulation.report();
            }
            if (frame.at < span.end) {
                simulation.add(frame.bytes, direction, frame.at, frame.original_length);
            }
        });
    if (!frames) {
        return Failure(frames.error());
    }
    return growth(simulation.report(), before ? *before : simulation.report(), span.begin);
}

}  // namespace tollgate::agent
