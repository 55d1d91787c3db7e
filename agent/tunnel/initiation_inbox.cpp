// SPDX-License-Identifier: MIT
#include "agent/tunnel/initiation_inbox.hpp"

#include <cerrno>
#include <cstdint>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace tollgate::agent {

Result<std::unique_ptr<InitiationInbox>> InitiationInbox::create() {
    FileDescriptor event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)};
    if (!event) {
        return failure(errno, "make an event descriptor");
    }
    return std::unique_ptr<InitiationInbox>{new InitiationInbox(std::move(event))};
}

bool InitiationInbox::put(OpenedInitiation initiation) {
    const std::lock_guard lock{mutex_};
    if (waiting_.size() >= kMax) {
        return false;
    }
    waiting_.push_back(std::move(initiation));
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
    return true;
}

std::optional<OpenedInitiation> InitiationInbox::take() {
    const std::lock_guard lock{mutex_};
    if (waiting_.empty()) {
        return std::nullopt;
    }
    std::uint64_t one = 0;
    [[maybe_unused]] const ssize_t size = ::read(event_.get(), &one, sizeof one);
    std::optional<OpenedInitiation> initiation{std::move(waiting_.front())};
    waiting_.pop_front();
    return initiation;
}

bool InitiationInbox::is_empty() {
    const std::lock_guard lock{mutex_};
    return waiting_.empty();
}

void InitiationInbox::clear() {
    while (take()) {
    }
}

}  // namespace tollgate::agent
