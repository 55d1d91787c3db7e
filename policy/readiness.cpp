// SPDX-License-Identifier: MIT
#include "policy/readiness.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tollgate::policy {
namespace {

constexpr double kHopelessNovelty = 0.1;

std::string describe(const Readiness& readiness, std::size_t hours) {
    if (readiness.observations == 0) {
        return "nothing seen yet";
    }
    return fmt::format(
        "about {:.1f} % of new flows would be of an unseen service ({} seen once in {} "
        "observations); "
        "{} of {} hours of the week watched",
        100 * readiness.novelty,
        readiness.seen_once,
        readiness.observations,
        hours,
        kHoursOfWeek);
}

}  // namespace

Readiness estimate_readiness(std::uint64_t seen_once,
                             std::uint64_t observations,
                             const HoursOfWeek& watched) {
    Readiness readiness;
    readiness.observations = observations;
    readiness.seen_once = seen_once;
    readiness.novelty = static_cast<double>(seen_once + 1) / static_cast<double>(observations + 1);
    readiness.repetition = std::clamp(1 - readiness.novelty / kHopelessNovelty, 0.0, 1.0);
    readiness.coverage = static_cast<double>(watched.count()) / kHoursOfWeek;
    readiness.percent =
        static_cast<int>(std::lround(100 * readiness.repetition * (0.5 + readiness.coverage / 2)));
    readiness.text = describe(readiness, watched.count());
    return readiness;
}

}  // namespace tollgate::policy
