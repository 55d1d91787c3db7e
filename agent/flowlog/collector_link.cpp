// SPDX-License-Identifier: MIT
#include "agent/flowlog/collector_link.hpp"

#include <cerrno>
#include <utility>

#include "agent/report/log.hpp"

namespace tollgate::agent {

namespace {

constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLastRetry{30};

}  // namespace

std::string CollectorPlace::to_string() const {
    return transport == CollectorTransport::local ? path.string() : host.to_string();
}

CollectorLink::CollectorLink(CollectorPlace place, std::string_view sink)
    : place_{std::move(place)}, sink_{sink}, delay_{kFirstRetry, kLastRetry} {
    if (place_.transport != CollectorTransport::local) {
        resolver_.emplace();
    }
}

void CollectorLink::poll(Time now) {
    now_ = now;
    if (!socket_ && now >= retry_at_) {
        connect();
    }
    if (socket_ && !up_) {
        await_connection();
    } else if (socket_) {
        settle();
    }
}

void CollectorLink::connect() {
    if (place_.transport == CollectorTransport::local) {
        return take(open_local_collector(place_.path));
    }
    if (!std::exchange(resolving_, true)) {
        return resolver_->ask(place_.host);
    }
    for (const NameResolver::Answer& answer : resolver_->take()) {
        resolving_ = false;
        if (!answer.resolution) {
            return fail(answer.resolution.error());
        }
        const Endpoint& first = answer.resolution->front();
        return take(place_.transport == CollectorTransport::udp ? open_udp_collector(first)
                                                                : open_tcp_collector(first));
    }
}

void CollectorLink::take(Result<std::unique_ptr<CollectorSocket>> opened) {
    if (!opened) {
        return fail(opened.error());
    }
    socket_ = std::move(*opened);
}

void CollectorLink::await_connection() {
    const auto connected = socket_->is_connected();
    if (!connected) {
        return fail(connected.error());
    }
    up_ = *connected;
    connections_ += up_ ? 1 : 0;
}

void CollectorLink::settle() {
    const auto arrived = socket_->settle();
    if (!arrived) {
        return fail(arrived.error());
    }
    counters_.written += *arrived;
    if (*arrived == 0) {
        return;
    }
    delay_.reset();
    if (!std::exchange(problem_, {}).empty()) {
        log(LogLevel::info,
            "flow_log.recovered",
            {{"sink", sink_}, {"collector", place_.to_string()}});
    }
}

bool CollectorLink::send(std::string_view message,
                         std::uint64_t records,
                         std::chrono::milliseconds patience) {
    const auto sent = socket_->send(message, records, patience);
    if (sent) {
        return *sent;
    }
    const int error = sent.error().code.value();
    if (error == EMSGSIZE || error == ENOBUFS) {
        ++counters_.errors;
    } else {
        fail(sent.error());
    }
    return false;
}

SinkCounters CollectorLink::counters() const {
    SinkCounters counters = counters_;
    counters.waiting = socket_ ? socket_->pending() : 0;
    return counters;
}

void CollectorLink::close() {
    up_ = false;
    if (socket_) {
        counters_.written += socket_->settle().value_or(0);
        counters_.lost += socket_->pending();
        socket_.reset();
    }
}

void CollectorLink::fail(const Error& error) {
    close();
    ++counters_.errors;
    retry_at_ = now_ + delay_.next();
    if (std::exchange(problem_, error.message()).empty()) {
        log(LogLevel::warn,
            "flow_log.failed",
            {{"sink", sink_}, {"collector", place_.to_string()}, {"error", error.message()}});
    }
}

}  // namespace tollgate::agent
