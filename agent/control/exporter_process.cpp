// SPDX-License-Identifier: MIT
#include "agent/control/exporter_process.hpp"

#include <chrono>
#include <mutex>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

#include "agent/control/http_server.hpp"
#include "agent/report/log.hpp"
#include "agent/system/startup_memory.hpp"

namespace tollgate::agent {

namespace {

using std::chrono::milliseconds;

constexpr int kListener = ChildProcess::kChannel + 1;
constexpr int kFirstPageChannel = kListener + 1;
constexpr int kDescriptors = 1 + static_cast<int>(kExporterThreads);
const HttpLimits kLimits{1024, kExporterThreads, milliseconds{1000}, milliseconds{5000}};
const ProcessLimits kProcessLimits{.memory_bytes = std::uint64_t{1} << 30U,
                                   .cpu_seconds = {},
                                   .open_files = 256,
                                   .file_bytes = {}};

/// The channels to the agent that no request uses now. Thread-safe: there is one for each thread.
class FreeChannels {
  public:
    FreeChannels() {
        for (std::size_t i = 0; i < kExporterThreads; ++i) {
            free_.push_back(kFirstPageChannel + static_cast<int>(i));
        }
    }
    int take() {
        const std::lock_guard lock{mutex_};
        const int channel = free_.back();
        free_.pop_back();
        return channel;
    }
    void give_back(int channel) {
        const std::lock_guard lock{mutex_};
        free_.push_back(channel);
    }

  private:
    std::mutex mutex_;
    std::vector<int> free_;
};

HttpResponse response(int status, std::string text) {
    return {status, "text/plain; version=0.0.4; charset=utf-8", std::move(text), {}};
}

HttpResponse serve(FreeChannels& channels, const HttpRequest& request) {
    if (request.method != "GET") {
        return response(405, "only GET\n");
    }
    const auto page = page_of(request.path);
    if (!page) {
        return response(404, "/metrics, /livez, /readyz\n");
    }
    const int channel = channels.take();
    auto answer = ask_for_page(channel, *page);
    if (!answer) {
        // An answer that comes too late would be taken for that of the next question.
        log(LogLevel::error, "exporter.failed", {{"error", answer.error().message()}});
        ::_exit(1);
    }
    channels.give_back(channel);
    return response(answer->status, std::move(answer->text));
}

}  // namespace

Result<ConfinedProcess> start_exporter(int listener, const std::vector<PageChannel>& channels) {
    ChildProcess::Plan plan;
    plan.role = kExporterRole;
    plan.descriptors = {listener};
    for (const PageChannel& channel : channels) {
        plan.descriptors.push_back(channel.exporter.get());
    }
    return start_confined(plan);
}

int run_exporter(const std::vector<std::string>& /*arguments*/) {
    const auto begun = begin_confined({SyscallProfile::exporter, {}, kProcessLimits}, kDescriptors);
    if (!begun) {
        log(LogLevel::error, "exporter.failed", {{"error", begun.error().message()}});
        return 1;
    }
    FreeChannels channels;
    [[maybe_unused]] const auto server = HttpServer::serve_tcp(
        FileDescriptor{kListener}, kLimits, [&channels](const HttpRequest& request) {
            return serve(channels, request);
        });
    give_back_startup_memory();
    // Until the agent is gone, which this process would not outlive anyway.
    char byte = 0;
    [[maybe_unused]] const ssize_t end = ::recv(ChildProcess::kChannel, &byte, sizeof byte, 0);
    ::_exit(0);
}

}  // namespace tollgate::agent
