// SPDX-License-Identifier: MIT
#include "agent/control/exporter.hpp"

#include <utility>

#include <fmt/format.h>

#include "agent/control/process_metrics.hpp"
#include "agent/control/tunnel_metrics.hpp"
#include "agent/core/measure.hpp"

namespace tollgate::agent {

namespace {

constexpr std::chrono::milliseconds kPatience{2000};
constexpr std::chrono::milliseconds kTunnelPatience{250};
constexpr std::uint64_t kHeartbeatLimitNs = 10 * TG_SECOND;

}  // namespace

Exporter::Exporter(TaskQueue& queue,
                   Agent& agent,
                   TunnelControl& tunnels,
                   ProcessList processes,
                   const Clock& clock)
    : queue_{queue},
      agent_{agent},
      tunnels_{tunnels},
      processes_{std::move(processes)},
      clock_{clock},
      beaten_ns_{clock.boot_ns()} {}

void Exporter::beat() {
    beaten_ns_ = clock_.boot_ns();
}

PageAnswer Exporter::page(ExporterPage page) {
    switch (page) {
        case ExporterPage::metrics:
            return metrics();
        case ExporterPage::live:
            return live();
        case ExporterPage::ready:
            return ready();
    }
    return {404, ""};
}

PageAnswer Exporter::metrics() {
    // A loop that stands still is told by the heartbeat alone: what does not answer is not scraped.
    const auto beaten = static_cast<std::int64_t>(beaten_ns_.load()) - clock_.boot_minus_wall_ns();
    MetricsPage metrics;
    if (auto measured = queue_.call_within(kPatience, [this] {
            MetricsPage page = measure(agent_);
            add_processes(processes_(), page);
            return page;
        })) {
        metrics = std::move(*measured);
        add_tunnels(tunnels_.counters(kTunnelPatience), metrics);
    }
    metrics.add(Metric::heartbeat, {}, static_cast<double>(beaten) / TG_SECOND);
    return {200, metrics.to_text()};
}

PageAnswer Exporter::live() const {
    const std::uint64_t silent = clock_.boot_ns() - beaten_ns_;
    return silent < kHeartbeatLimitNs
               ? PageAnswer{200, "ok\n"}
               : PageAnswer{503,
                            fmt::format("the loop has stood still for {} s\n", silent / TG_SECOND)};
}

PageAnswer Exporter::ready() {
    const auto missing = queue_.call_within(kPatience, [this] {
        std::string names;
        for (const ProtectedInterface& interface : agent_.watch().interfaces()) {
            if (interface.is_unprotected()) {
                names += fmt::format("{} is not attached: {}\n", interface.name, interface.reason);
            }
        }
        return names;
    });
    if (!missing) {
        return {503, "the agent is busy\n"};
    }
    return missing->empty() ? PageAnswer{200, "ok\n"} : PageAnswer{503, *missing};
}

}  // namespace tollgate::agent
