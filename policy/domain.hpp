// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace tollgate::policy {

/// The domain that somebody registered and that all names under it belong to: "example.co.uk" for
/// "ota.eu.example.co.uk". Empty if names next to each other belong to different people: public
/// suffixes, hosting and dynamic DNS ("x.s3.amazonaws.com"), addresses, single labels.
///
/// This is a small part of the Public Suffix List: the second-level registries of countries that
/// are used most, and the clouds that devices talk to. A suffix that is missing here makes two
/// customers of the same registry look like one owner: wrong in the direction of too wide, so
/// nothing is merged on a domain without several names under it, and every merged name stays
/// visible in the review.
/// @param name in lower case without the final dot
[[nodiscard]] std::string_view registered_domain(std::string_view name);

}  // namespace tollgate::policy
