// SPDX-License-Identifier: MIT
#include "agent/core/dns_service.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent/core/dns_wire.hpp"

namespace tollgate::agent {

namespace {

using Time = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience{50};

}  // namespace

DnsService::DnsService(EventLoop& loop, const Clock& clock, SupervisedProcess::Start start)
    : loop_{loop},
      start_{std::move(start)},
      process_{kDnsRole, SyscallProfile::dns, loop, clock, [this] {
                   return start_process();
               }} {
    process_.start();
}

DnsService::~DnsService() {
    if (channel_) {
        loop_.forget(channel_.get());
    }
}

// A copy of the channel: it outlives the process by as much as it takes to notice its end.
Result<ConfinedProcess> DnsService::start_process() {
    close_channel();
    auto started = start_();
    if (started) {
        channel_ = FileDescriptor{::fcntl(started->process.channel(), F_DUPFD_CLOEXEC, 0)};
        if (!channel_) {
            return failure(errno, "keep the channel to the process for dns");
        }
        if (auto watched = watch_channel(); !watched) {
            return Failure{watched.error()};
        }
    }
    return started;
}

void DnsService::read(std::span<const std::byte> message, Take take) {
    if (!channel_ || waiting_.size() >= kWaitingMax) {
        ++counts_.lost;
        take(std::nullopt);
        return;
    }
    waiting_.push_back({dns_question(next_number_++, message), std::move(take)});
    exchange();
}

void DnsService::settle() {
    const auto until = Time::now() + kPatience;
    while (!waiting_.empty() && !late_) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Time::now());
        const bool unsent = sent_ < waiting_.size();
        pollfd ready{channel_.get(), static_cast<short>(POLLIN | (unsent ? POLLOUT : 0)), 0};
        late_ = left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0;
        exchange();
    }
}

void DnsService::tick() {
    if (waiting_.empty()) {
        silent_ticks_ = 0;
    } else if (++silent_ticks_ > kPatienceTicks) {
        end_process("did not answer");
    }
    // A process that ends closes its channel first: its end is seen before the second tick.
    if (!channel_ && ++closed_ticks_ > 1) {
        process_.end("has closed its channel");
    }
    process_.tick();
}

void DnsService::exchange() {
    if (channel_ && !(receive_answers() && send_questions())) {
        close_channel();
    }
    if (!channel_) {
        return;
    }
    if (auto watched = watch_channel(); !watched) {
        end_process(watched.error().message());
    }
}

bool DnsService::send_questions() {
    while (sent_ < waiting_.size()) {
        const auto& question = waiting_[sent_].question;
        const ssize_t sent =
            ::send(channel_.get(), question.data(), question.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        ++sent_;
    }
    return true;
}

bool DnsService::receive_answers() {
    std::vector<std::byte> answer(dns_answer_bytes() + 1);  // a longer one is seen to be
    for (;;) {
        const ssize_t size = ::recv(channel_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
        if (size < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (size == 0) {
            return false;
        }
        if (!take_front(std::span{answer}.first(static_cast<std::size_t>(size)))) {
            return false;
        }
    }
}

bool DnsService::take_front(std::span<const std::byte> answer) {
    if (sent_ == 0) {
        ++counts_.refused;
        end_process("answered what nobody asked");
        return false;
    }
    const auto reading = take_dns_answer(answer, waiting_.front().question);
    if (!reading) {
        ++counts_.refused;
        const Take take = std::move(waiting_.front().take);
        waiting_.pop_front();
        --sent_;
        take(std::nullopt);
        end_process(reading.error().message());
        return false;
    }
    ++(*reading ? counts_.read : counts_.unreadable);
    silent_ticks_ = 0;
    const Take take = std::move(waiting_.front().take);
    waiting_.pop_front();
    --sent_;
    late_ = late_ && !waiting_.empty();
    take(*reading);
    return true;
}

Result<void> DnsService::watch_channel() {
    const bool unsent = sent_ < waiting_.size();
    const std::uint32_t events = unsent ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (events == watched_) {
        return {};
    }
    watched_ = events;
    return loop_.watch(channel_.get(), events, [this](std::uint32_t) { exchange(); });
}

void DnsService::close_channel() {
    if (channel_) {
        loop_.forget(channel_.get());
        channel_.reset();
    }
    watched_ = 0;
    closed_ticks_ = 0;
    sent_ = 0;
    late_ = false;
    silent_ticks_ = 0;
    auto lost = std::move(waiting_);
    waiting_.clear();
    counts_.lost += lost.size();
    for (const Waiting& waiting : lost) {
        waiting.take(std::nullopt);
    }
}

void DnsService::end_process(std::string why) {
    close_channel();
    process_.end(std::move(why));
}

}  // namespace tollgate::agent
