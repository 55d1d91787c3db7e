// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <list>

#include <tollgate/result.hpp>

#include "agent/confine/supervised_process.hpp"
#include "agent/control/exporter_page.hpp"

namespace tollgate::agent {

/// The agent's side of the exporter: keeps its process running, and answers what it asks. For the
/// loop's thread.
class ExporterService {
  public:
    /// Called by several threads at once, and for some seconds at most.
    using Answer = std::function<PageAnswer(ExporterPage)>;

    /// Starts it. @param listener a TCP socket that listens
    ExporterService(FileDescriptor listener, EventLoop& loop, const Clock& clock, Answer answer);
    ExporterService(const ExporterService&) = delete;
    ExporterService& operator=(const ExporterService&) = delete;
    /// Kills the process, and waits for the answers that are being made.
    ~ExporterService();

    /// To be called once a second.
    void tick();
    [[nodiscard]] ProcessStatus status() const { return process_.status(); }

  private:
    class Session;

    Result<ConfinedProcess> start_process();

    FileDescriptor listener_;
    Answer answer_;
    /// One for each process that ran and is still being answered.
    std::list<Session> sessions_;
    SupervisedProcess process_;
};

}  // namespace tollgate::agent
