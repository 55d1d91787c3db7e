// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/tunnel/secret_text.hpp"

namespace tollgate::agent {

/// Secrets of this machine, in all forms in which a text may hold them: as they are, in base64 and
/// in hex; and if they are base64 or hex themselves, the bytes and their other form.
class KnownSecrets {
  public:
    /// Shorter ones would be found everywhere.
    static constexpr std::size_t kShortest = 8;

    /// A value without what surrounds it. Of several lines each is a secret, too.
    void add(std::string_view value);

    /// Where in `text` a secret begins, at `from` or later, and how long it is there.
    struct Place {
        std::size_t begin = std::string_view::npos;
        std::size_t size = 0;
    };
    [[nodiscard]] Place find(std::string_view text, std::size_t from = 0) const;
    [[nodiscard]] bool are_in(std::string_view text) const {
        return find(text).begin != std::string_view::npos;
    }

  private:
    void add_form(std::string_view form);

    std::vector<SecretText> forms_;
    /// By their first eight bytes, in lower case.
    std::unordered_multimap<std::uint64_t, std::size_t> by_beginning_;
};

}  // namespace tollgate::agent
