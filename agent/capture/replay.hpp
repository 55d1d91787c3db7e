// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/capture/capture.hpp"
#include "policy/learn.hpp"
#include "policy/simulate.hpp"

/// What a capture file is for: learning from it, and trying a policy on it.
namespace tollgate::agent {

/// A part of a capture, by time: from `begin` on, before `end`.
struct TimeSpan {
    policy::Timestamp begin = policy::Timestamp::min();
    policy::Timestamp end = policy::Timestamp::max();
};

/// Gives the frames of `device` to `take`, in the order of the file.
/// @return how many. Errors: those of Capture; what came before was given.
Result<std::uint64_t> for_each_frame(
    const std::filesystem::path& file,
    const MacAddress& device,
    const std::function<void(const CapturedFrame&, policy::Direction)>& take);

/// Teaches the learner what `device` says in the file: the same learner that live flows teach.
/// @return how many frames were the device's. Errors: those of Capture
Result<std::uint64_t> learn_capture(const std::filesystem::path& file,
                                    const MacAddress& device,
                                    policy::Learner& learner,
                                    const TimeSpan& span = {});

/// Tries a policy in the stage enforce on what `device` says in the file. Frames before the span
/// leave the flows and names that live when it begins, and are not reported; neither are the flows
/// that began with them. Errors: those of Capture
Result<policy::SimulationReport> simulate_capture(const std::filesystem::path& file,
                                                  const MacAddress& device,
                                                  const policy::Policy& policy,
                                                  const TimeSpan& span = {});

}  // namespace tollgate::agent
