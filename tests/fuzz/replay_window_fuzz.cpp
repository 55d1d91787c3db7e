// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <set>
#include <span>

#include "crypto/replay_window.hpp"

namespace {

using tollgate::crypto::ReplayWindow;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// What the window is a short memory of.
class AllAccepted {
  public:
    bool accept(std::uint64_t counter) {
        const bool is_too_old = counter < greatest() && greatest() - counter > ReplayWindow::kSize;
        return !is_too_old && accepted_.insert(counter).second;
    }
    [[nodiscard]] std::uint64_t greatest() const {
        return accepted_.empty() ? 0 : *accepted_.rbegin();
    }

  private:
    std::set<std::uint64_t> accepted_;
};

}  // namespace

// The window answers as a set of all accepted counters does. Each step is three bytes: a distance,
// as a signed number of 16 bits, and how far it is shifted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    ReplayWindow window;
    AllAccepted all;
    std::uint64_t counter = 0;
    for (auto steps = std::span(bytes, size); steps.size() >= 3; steps = steps.subspan(3)) {
        std::int16_t distance = 0;
        std::memcpy(&distance, steps.data(), sizeof distance);
        counter += static_cast<std::uint64_t>(std::int64_t{distance}) << (steps[2] % 64U);
        check(window.accept(counter) == all.accept(counter));
        check(window.greatest() == all.greatest());
    }
    return 0;
}
