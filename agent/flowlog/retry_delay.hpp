// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <random>

namespace tollgate::agent {

/// How long to wait after each failure in a row: twice as long as before, up to a limit, of which a
/// random part of at most half is left out, so that not all hosts come back at the same moment.
class RetryDelay {
  public:
    RetryDelay(std::chrono::milliseconds least, std::chrono::milliseconds most);

    [[nodiscard]] std::chrono::milliseconds next();
    /// The next failure is the first again.
    void reset() { current_ = least_; }

  private:
    std::chrono::milliseconds least_;
    std::chrono::milliseconds most_;
    std::chrono::milliseconds current_;
    std::minstd_rand random_;
};

}  // namespace tollgate::agent
