// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <tollgate/result.hpp>

#include "policy/model.hpp"
#include "policy/reference_model.hpp"
#include "tests/differential/loaded_gate.hpp"

namespace tollgate::test {

/// A generation to be put into both judges.
struct NextPolicy {
    policy::Policy policy;
    policy::Stage stage = policy::Stage::enforce;
    std::chrono::seconds grace{0};          ///< from now on
    std::chrono::milliseconds deadline{0};  ///< from now on; 0: confirmed
};

/// The loaded program and the reference model side by side: the same policies, blocklist and frames
/// go into both, and every frame's verdict, reason and rule are compared.
class Agreement {
  public:
    /// @param link  of the one interface: a tunnel's frames are bare packets
    [[nodiscard]] static Result<std::unique_ptr<Agreement>> begin(tg_link link = TG_LINK_CLEAR);

    /// Compiles the policy for the program and switches both. Errors: it does not compile or load.
    Result<void> use(NextPolicy next);
    Result<void> bump();
    Result<void> set_open(bool open);
    Result<void> blocklist(const Prefix& prefix, bool add);
    /// Admits an address in both, for an hour.
    Result<void> resolve(const IpAddress& address, const policy::NamePattern& pattern);
    /// Gives inner addresses of a tunnel to a peer; nothing: they are nobody's own.
    Result<void> allow(const Prefix& prefix, const std::optional<std::string>& peer);

    /// Judges one frame by both. The message of a failure has all that is needed to repeat it. A
    /// frame that the kernel's test run refuses (length) is counted and skipped.
    testing::AssertionResult judge(std::span<const std::byte> frame, policy::Direction direction);

    /// Whether the last frame passed.
    [[nodiscard]] bool last_passed() const { return last_passed_; }
    [[nodiscard]] std::uint64_t frames() const { return frames_; }
    [[nodiscard]] std::uint64_t skipped() const { return skipped_; }
    /// How often each reason was given (would-drops too): shows that a test reaches them.
    [[nodiscard]] const std::map<DropReason, std::uint64_t>& reasons() const { return reasons_; }
    /// reasons() in one line.
    [[nodiscard]] std::string summary() const;
    [[nodiscard]] const policy::ReferenceModel& model() const { return model_; }
    [[nodiscard]] LoadedGate& gate() { return *gate_; }

  private:
    Agreement(std::unique_ptr<LoadedGate> gate, tg_link link);

    [[nodiscard]] bool is_counted(const policy::Judgement& expected);
    [[nodiscard]] testing::AssertionResult names_agree();
    [[nodiscard]] std::string flow_of(std::span<const std::byte> frame,
                                      policy::Direction direction) const;
    [[nodiscard]] static testing::AssertionResult compare(const policy::Judgement& expected,
                                                          const Observation& seen,
                                                          bool rule_counted);

    std::unique_ptr<LoadedGate> gate_;
    tg_link link_;
    policy::ReferenceModel model_;
    std::map<std::uint32_t, std::map<std::string, std::uint32_t>> rule_numbers_;     ///< by slot
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> rule_packets_;  ///< slot, rule
    std::uint32_t generation_ = 0;
    bool last_passed_ = false;
    std::uint64_t frames_ = 0;
    std::uint64_t skipped_ = 0;
    std::map<DropReason, std::uint64_t> reasons_;
};

/// CLOCK_BOOTTIME now.
[[nodiscard]] policy::BootTime boot_now();

}  // namespace tollgate::test
