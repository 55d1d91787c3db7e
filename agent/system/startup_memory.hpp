// SPDX-License-Identifier: MIT
#pragma once

namespace tollgate::agent {

/// Gives back the memory that only starting needed, because boards have little: free heap, and the
/// pages of code and constants of the program and its libraries. What is used again comes back from
/// the page cache, by a page fault.
void give_back_startup_memory();

}  // namespace tollgate::agent
