// SPDX-License-Identifier: MIT
#include "agent/control/exporter_service.hpp"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "agent/control/exporter_process.hpp"

namespace tollgate::agent {

/// The threads that answer one process.
class ExporterService::Session {
  public:
    Session(std::vector<FileDescriptor> channels, const Answer& answer)
        : channels_{std::move(channels)}, running_{channels_.size()} {
        for (const FileDescriptor& channel : channels_) {
            threads_.emplace_back([this, &answer, fd = channel.get()] {
                while (answer_page(fd, answer)) {
                }
                // What still waits for an answer there would wait in vain.
                ::shutdown(fd, SHUT_RDWR);
                --running_;
            });
        }
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
        for (const FileDescriptor& channel : channels_) {
            ::shutdown(channel.get(), SHUT_RDWR);
        }
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }

    [[nodiscard]] bool has_ended() const { return running_ == 0; }

  private:
    std::vector<FileDescriptor> channels_;
    std::atomic<std::size_t> running_;
    std::vector<std::thread> threads_;
};

ExporterService::ExporterService(FileDescriptor listener,
                                 EventLoop& loop,
                                 const Clock& clock,
                                 Answer answer)
    : listener_{std::move(listener)},
      answer_{std::move(answer)},
      process_{kExporterRole, SyscallProfile::exporter, loop, clock, [this] {
                   return start_process();
               }} {
    process_.start();
}

ExporterService::~ExporterService() = default;

Result<ConfinedProcess> ExporterService::start_process() {
    std::vector<PageChannel> channels;
    for (std::size_t i = 0; i < kExporterThreads; ++i) {
        auto made = make_page_channel();
        if (!made) {
            return Failure{made.error()};
        }
        channels.push_back(std::move(*made));
    }
    auto started = start_exporter(listener_.get(), channels);
    if (started) {
        std::vector<FileDescriptor> ours;
        for (PageChannel& channel : channels) {
            ours.push_back(std::move(channel.agent));
        }
        sessions_.emplace_back(std::move(ours), answer_);
    }
    return started;
}

void ExporterService::tick() {
    // Waiting here for an answer that waits for this thread would take its whole patience.
    sessions_.remove_if([](const Session& session) { return session.has_ended(); });
    process_.tick();
}

}  // namespace tollgate::agent
