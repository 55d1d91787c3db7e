// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "agent/confine/supervised_process.hpp"
#include "agent/core/dns_process.hpp"
#include "agent/core/dns_reader.hpp"
#include "agent/system/event_loop.hpp"
#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// Has DNS messages read by a process of their own, and keeps that running. Who gives an answer
/// that cannot be true, or none for some seconds, is killed and started again.
class DnsService : public DnsReader {
  public:
    /// Messages that wait for an answer; those beyond are not read.
    static constexpr std::size_t kWaitingMax = 512;
    /// Ticks without an answer after which the process is killed.
    static constexpr unsigned kPatienceTicks = 5;

    /// Starts the process. @param start  how
    DnsService(EventLoop& loop,
               const Clock& clock,
               SupervisedProcess::Start start = start_dns_process);
    DnsService(const DnsService&) = delete;
    DnsService& operator=(const DnsService&) = delete;
    /// Kills it. What waits is taken by nobody.
    ~DnsService() override;

    void read(std::span<const std::byte> message, Take take) override;
    /// Waits for 50 ms; not again before all is answered, if that was not enough.
    void settle() override;
    [[nodiscard]] DnsCounts counts() const override { return counts_; }

    /// To be called once a second.
    void tick();
    [[nodiscard]] ProcessStatus status() const { return process_.status(); }

  private:
    struct Waiting {
        std::vector<std::byte> question;
        Take take;
    };

    Result<ConfinedProcess> start_process();
    /// Sends and receives what can be without waiting.
    void exchange();
    /// @return false: the other end is gone
    bool send_questions();
    bool receive_answers();
    /// @return false: it cannot be true, and the process is ended
    bool take_front(std::span<const std::byte> answer);
    Result<void> watch_channel();
    /// Gives up the channel; what waits is lost.
    void close_channel();
    void end_process(std::string why);

    EventLoop& loop_;
    SupervisedProcess::Start start_;
    FileDescriptor channel_;
    std::uint32_t watched_ = 0;  ///< events of the channel
    std::deque<Waiting> waiting_;
    std::size_t sent_ = 0;  ///< of those that wait, the first ones
    std::uint32_t next_number_ = 1;
    bool late_ = false;
    unsigned silent_ticks_ = 0;
    unsigned closed_ticks_ = 0;  ///< since the channel was given up
    DnsCounts counts_;
    SupervisedProcess process_;
};

}  // namespace tollgate::agent
