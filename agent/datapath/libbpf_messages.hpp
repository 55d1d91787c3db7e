// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace tollgate::agent {

/// Collects what libbpf says in this thread while it lives, the verifier's log among it, so that it
/// can become part of an error. Without a collector libbpf's messages are discarded: it never
/// writes to stderr. Collectors nest; the innermost one hears.
class LibbpfMessages {
  public:
    LibbpfMessages();
    ~LibbpfMessages();
    LibbpfMessages(const LibbpfMessages&) = delete;
    LibbpfMessages& operator=(const LibbpfMessages&) = delete;

    /// The last lines that say something, joined by "; ". Empty if nothing was said.
    [[nodiscard]] std::string last_lines(std::size_t count) const;

  private:
    friend struct LibbpfPrinter;
    LibbpfMessages* outer_;
    std::string text_;
};

}  // namespace tollgate::agent
