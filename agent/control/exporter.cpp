// SPDX-License-Identifier: MIT
#include "agent/control/exporter.hpp"

#include <fmt/format.h>

#include "agent/control/tunnel_metrics.hpp"
#include "agent/core/measure.hpp"

namespace tollgate::agent {

namespace {

constexpr std::chrono::milliseconds kPatience{2000};
constexpr std::chrono::milliseconds kTunnelPatience{250};
constexpr std::uint64_t kHeartbeatLimitNs = 10 * TG_SECOND;

HttpResponse page(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = std::move(body);
    return response;
}

}  // namespace

Exporter::Exporter(TaskQueue& queue, Agent& agent, TunnelControl& tunnels, const Clock& clock)
    : queue_{queue}, agent_{agent}, tunnels_{tunnels}, clock_{clock}, beaten_ns_{clock.boot_ns()} {}

void Exporter::beat() {
    beaten_ns_ = clock_.boot_ns();
}

HttpResponse Exporter::handle(const HttpRequest& request) {
    if (request.method != "GET") {
        return page(405, "only GET\n");
    }
    if (request.path == "/metrics") {
        return metrics();
    }
    if (request.path == "/livez") {
        return live();
    }
    if (request.path == "/readyz") {
        return ready();
    }
    return page(404, "/metrics, /livez, /readyz\n");
}

HttpResponse Exporter::metrics() {
    // A loop that stands still is told by the heartbeat alone: what does not answer is not scraped.
    const auto beaten = static_cast<std::int64_t>(beaten_ns_.load()) - clock_.boot_minus_wall_ns();
    MetricsPage metrics;
    if (auto measured = queue_.call_within(kPatience, [this] { return measure(agent_); })) {
        metrics = std::move(*measured);
        add_tunnels(tunnels_.counters(kTunnelPatience), metrics);
    }
    metrics.add(Metric::heartbeat, {}, static_cast<double>(beaten) / TG_SECOND);
    return page(200, metrics.to_text());
}

HttpResponse Exporter::live() const {
    const std::uint64_t silent = clock_.boot_ns() - beaten_ns_;
    return silent < kHeartbeatLimitNs
               ? page(200, "ok\n")
               : page(503, fmt::format("the loop has stood still for {} s\n", silent / TG_SECOND));
}

HttpResponse Exporter::ready() {
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
        return page(503, "the agent is busy\n");
    }
    return missing->empty() ? page(200, "ok\n") : page(503, *missing);
}

}  // namespace tollgate::agent
