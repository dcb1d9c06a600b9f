#include <algorithm>

#include "html_private.h"

namespace cw::report {

namespace {

using Matrices = std::vector<const TearMatrix*>;

/// "before", "inside", "after", as far as they are there, then what else is.
std::vector<std::string> columns_of_matrix(const TearMatrix& matrix) {
  std::vector<std::string> present;
  for (const TearPoint& point : matrix.points) {
    for (const TearPoint::Cell& cell : point.cells) {
      if (std::find(present.begin(), present.end(), cell.when) == present.end()) present.push_back(cell.when);
    }
  }
  const auto rank = [](const std::string& when) {
    return when == "before" ? 0 : when == "inside" ? 1 : when == "after" ? 2 : 3;
  };
  std::stable_sort(present.begin(), present.end(),
                   [&rank](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  return present;
}

const TearPoint::Cell* cell_at(const TearPoint& point, const std::string& when) {
  const auto at =
      std::find_if(point.cells.begin(), point.cells.end(), [&when](const auto& cell) { return cell.when == when; });
  return at == point.cells.end() ? nullptr : &*at;
}

/// A column of squares per command: the whole matrix at a glance. The table below says the same in words.
std::string strip(const TearMatrix& matrix, const std::vector<std::string>& columns) {
  std::string out = "<span class=\"strip\" aria-hidden=\"true\">";
  for (const TearPoint& point : matrix.points) {
    out += "<span title=\"" + std::to_string(point.number) + " " + text(point.command) + "\">";
    for (const std::string& when : columns) {
      const TearPoint::Cell* cell = cell_at(point, when);
      out += cell == nullptr ? "<i></i>" : cell->converged ? "<i class=\"y\"></i>" : "<i class=\"n\">×</i>";
    }
    out += "</span>";
  }
  return out + "</span>";
}

std::string table(const TearMatrix& matrix, const std::vector<std::string>& columns) {
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\"><table class=\"tears\"><thead><tr><th scope=\"col\">Command</th>";
  for (const std::string& when : columns) out += "<th scope=\"col\" class=\"cell\">" + text(when) + "</th>";
  out += "</tr></thead><tbody>\n";
  for (const TearPoint& point : matrix.points) {
    out +=
        "<tr><th scope=\"row\"><span class=\"no\">" + std::to_string(point.number) + "</span> " + text(point.command);
    for (const TearPoint::Cell& cell : point.cells) {
      if (cell.converged) continue;
      out += "<p class=\"why\">" + text(cell.when) + ": " + text(cell.why.empty() ? "did not converge" : cell.why) +
             "</p>";
    }
    out += "</th>";
    for (const std::string& when : columns) {
      const TearPoint::Cell* cell = cell_at(point, when);
      out += cell == nullptr ? "<td class=\"cell\"><span class=\"quiet\">·</span></td>"
             : cell->converged
                 ? "<td class=\"cell y\"><span role=\"img\" aria-label=\"converged\">✓</span></td>"
                 : "<td class=\"cell n\"><span role=\"img\" aria-label=\"did not converge\">✗</span></td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>";
}

std::string one_matrix(const TearMatrix& matrix) {
  const size_t torn = matrix.torn();
  const size_t converged = matrix.converged();
  const bool all = torn == converged;
  const std::vector<std::string> columns = columns_of_matrix(matrix);
  return std::string("<details class=\"matrix ") + (all ? "passed" : "failed") + "\"><summary><span class=\"mark\">" +
         (all ? "✓" : "✗") + "</span><span class=\"name\">" + text(matrix.flavor) + "</span><span class=\"about\">" +
         std::to_string(torn) + " tear points, " +
         (all ? "all converged" : std::to_string(torn - converged) + " did not converge") + "</span>" +
         strip(matrix, columns) + "</summary>\n" + table(matrix, columns) + "</details>\n";
}

}  // namespace

std::string html_matrices(const Results& results) {
  std::vector<std::pair<std::string, Matrices>> flows;
  size_t torn = 0;
  size_t converged = 0;
  for (const Case& one : results.cases) {
    for (const TearMatrix& matrix : one.matrices) {
      auto at = std::find_if(flows.begin(), flows.end(), [&](const auto& flow) { return flow.first == matrix.flow; });
      if (at == flows.end()) at = flows.insert(flows.end(), {matrix.flow, {}});
      at->second.push_back(&matrix);
      torn += matrix.torn();
      converged += matrix.converged();
    }
  }
  if (flows.empty()) return "";
  std::string out =
      "<p class=\"lead\"><b>" + std::to_string(torn) + " tear points, " + std::to_string(converged) +
      " converged.</b> Each flow was torn at every command and run again; it converged if it left the card "
      "as an undisturbed run does. A column is a command; its squares, from the top: torn before it, "
      "inside, after.</p>\n";
  for (const auto& [flow, matrices] : flows) {
    out += "<h3>" + text(flow) + "</h3>\n<div class=\"matrices\">\n";
    for (const TearMatrix* matrix : matrices) out += one_matrix(*matrix);
    out += "</div>\n";
  }
  return out;
}

}  // namespace cw::report
