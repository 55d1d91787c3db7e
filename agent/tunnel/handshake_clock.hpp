// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include <tollgate/result.hpp>

#include "crypto/tai64n.hpp"

namespace tollgate::agent {

/// The timestamps of our initiations. A peer refuses one that is not later than the last, so each
/// is later than all before, also when the clock was set back, and after a reboot of a board that
/// has no clock: a file holds a time that no timestamp has passed yet, and the first after a start
/// is later.
class HandshakeClock {
  public:
    /// That of a tunnel.
    [[nodiscard]] static std::filesystem::path file_of(const std::filesystem::path& state_dir,
                                                       const std::string& tunnel) {
        return state_dir / ("handshake-time-" + tunnel);
    }
    /// Replaces the time in the file. @return whether it is there for good
    using Store = std::function<bool(const crypto::Tai64n& time)>;
    [[nodiscard]] static bool write_time(const std::filesystem::path& file,
                                         const crypto::Tai64n& time);

    /// @param file  made if it is missing; its folder must exist
    /// @param store  empty: this process writes the file by write_time()
    /// @return EINVAL: the file holds something else; otherwise as read_file()
    [[nodiscard]] static Result<HandshakeClock> open(std::filesystem::path file, Store store = {});

    /// Writes the file once in kReserve. If that fails the timestamp is good all the same, but the
    /// next start may repeat it: is_persistent() says so.
    [[nodiscard]] crypto::Tai64n next(std::chrono::sys_time<std::chrono::nanoseconds> wall);
    [[nodiscard]] bool is_persistent() const { return persistent_; }

    static constexpr std::chrono::minutes kReserve{10};

  private:
    HandshakeClock(Store store, const crypto::Tai64n& floor)
        : store_{std::move(store)}, last_{floor}, reserved_{floor} {}

    Store store_;
    crypto::Tai64n last_;
    crypto::Tai64n reserved_;  ///< in the file; all timestamps are below
    bool persistent_ = true;
};

}  // namespace tollgate::agent
