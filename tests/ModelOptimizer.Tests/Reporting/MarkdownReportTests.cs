using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Reporting;

internal sealed class MarkdownReportTests
{
    [Test]
    public void A_section_tells_sizes_budgets_metrics_and_warnings() => Golden.Verify(MarkdownReport.Of(SampleReports.Full));

    [Test]
    public void A_rejected_result_and_a_failure_say_so()
    {
        var broken = SampleReports.Full with { Accepted = false,
            Budget = [SampleReports.Full.Budget[0] with { Passed = false, Measured = 3 << 20 }] };

        Assert.That(MarkdownReport.Of(broken), Does.StartWith("### ❌ `model.onnx`: 4 MiB → 1 MiB (25%)\n\n**Rejected**")
            .And.Contains("| size | 3 MiB | ≤ 2 MiB | ❌ broken |"));
        Assert.That(MarkdownReport.OfFailure("m.onnx", [new("MO1004", "error", "Unknown key 'pases'", "p.yaml", 2, 1)]),
            Is.EqualTo("### ❌ `m.onnx`: not optimized\n\n- ❌ **MO1004** `p.yaml:2` Unknown key 'pases'\n\n"));
    }

    [Test]
    public void Foreign_names_stay_text()
    {
        var text = MarkdownReport.OfFailure("a`|b\n# c", [new("MO1", "warning", "<img src=x> [x](y) | *b* `c`\n# d", "f`g", 0, 0)]);

        Assert.That(text,
            Is.EqualTo("### ❌ `a'¦b # c`: not optimized\n\n- ⚠️ **MO1** `f'g` &lt;img src=x&gt; \\[x\\](y) \\| \\*b\\* \\`c\\` \\# d\n\n"));
    }
}
