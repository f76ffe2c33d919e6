using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// Loop and Scan. What is carried from step to step is guessed to keep the type it starts with; if the body, swept under this guess, hands
/// on the same, it holds for every step by induction. Otherwise what differs becomes unknown, and the body is swept again.
/// </summary>
internal static class LoopRules
{
    private const int MostGuesses = 4;

    /// <summary>Inputs: trip count, condition, carried. The body's: iteration, condition, carried; it puts out condition, carried, collected.</summary>
    public static void Loop(NodeTyping node, GraphSweep sweep)
    {
        if (node.Node.Bodies is not [{ Graph: var body }] || body.Inputs.Count < 2)
            return;
        var steps = sweep.Repeated();
        steps.Store(body.Inputs[0], OneElement(DataType.Int64, body.Inputs[0]), null);
        steps.Store(body.Inputs[1], OneElement(DataType.Bool, body.Inputs[1]), null);
        var carried = body.Inputs.Count - 2;
        Guess(steps, body, carried, i => node.Type(i + 2), formal: 2, result: 1);
        for (var i = 0; i < node.OutputCount && i + 1 < body.Outputs.Count; i++)
            if (i < carried)
                Carry(node, i, body.Inputs[i + 2].Type, body.Outputs[i + 1].Value.Type);
            else
                Collect(node, i, body.Outputs[i + 1].Value.Type, TripCount(node), axis: 0);
    }

    /// <summary>The last inputs are cut along an axis, one slice a step; the last outputs are put together from one slice a step.</summary>
    public static void Scan(NodeTyping node, GraphSweep sweep)
    {
        if (node.Opset < 9 || node.Node.Bodies is not [{ Graph: var body }] || body.Inputs.Count != node.InputCount)
            return;
        var carried = node.InputCount - (int)node.Attribute("num_scan_inputs", 0);
        var (steps, count) = (sweep.Repeated(), Dimension.Unknown);
        for (var i = carried; i < node.InputCount; i++)
            count = Cut(node, steps, body.Inputs[i], i, carried, count);
        Guess(steps, body, carried, node.Type, formal: 0, result: 0);
        for (var i = 0; i < node.OutputCount && i < body.Outputs.Count; i++)
            if (i < carried)
                Carry(node, i, body.Inputs[i].Type, body.Outputs[i].Value.Type);
            else
                Collect(node, i, body.Outputs[i].Value.Type, count, node.Attribute("scan_output_axes") is { } axes ? axes[i - carried] : 0);
    }

    /// <summary>The runtime hands a Loop's counter and condition to its body in the rank that the body declares.</summary>
    private static TensorType OneElement(DataType type, Value formal) => new(type, formal.Declared?.Shape is { Rank: 1 } ? Shape.Of(1) : Shape.Scalar);

    /// <returns>How many steps there are, by this input and those before it.</returns>
    private static Dimension Cut(NodeTyping node, GraphSweep steps, Value formal, int input, int carried, Dimension count)
    {
        var type = node.Type(input);
        if (type is not { Shape: { } shape } || ShapeMath.Axis(node.Attribute("scan_input_axes") is { } axes ? axes[input - carried] : 0, shape.Rank) is not { } axis)
        {
            steps.Store(formal, type is null ? null : type with { Shape = null }, null);
            return count;
        }
        steps.Store(formal, type with { Shape = new(shape.Dimensions.RemoveAt(axis)) }, null);
        return ShapeMath.Common(count, shape[axis]);
    }

    private static void Guess(GraphSweep steps, Graph body, int carried, Func<int, TensorType?> initial, int formal, int result)
    {
        var guesses = Enumerable.Range(0, carried).Select(i => steps.MayGuess ? initial(i) : Shapeless(initial(i))).ToArray();
        for (var round = 0; ; round++)
        {
            for (var i = 0; i < carried; i++)
                steps.Store(body.Inputs[formal + i], guesses[i], null);
            steps.Sweep(body);
            var isStable = true;
            for (var i = 0; i < carried; i++)
            {
                var next = Weaken(guesses[i], ResultType(body, result + i), isLast: round >= MostGuesses || !steps.MayGuess);
                isStable &= Equals(next, guesses[i]);
                guesses[i] = next;
            }
            if (isStable)
                return;
        }
    }

    private static TensorType? Weaken(TensorType? guess, TensorType? found, bool isLast)
    {
        if (guess is null)
            return null;
        if (isLast || found is null || found.ElementType != guess.ElementType)
            return Shapeless(guess);
        return ShapeMath.Join(guess, found);
    }

    private static TensorType? Shapeless(TensorType? type) => type is null ? null : type with { Shape = null };

    private static TensorType? ResultType(Graph body, int output) => output < body.Outputs.Count ? body.Outputs[output].Value.Type : null;

    /// <summary>Without a step the initial value comes out, else the body's: the formal's type covers both.</summary>
    private static void Carry(NodeTyping node, int output, TensorType? formal, TensorType? result)
    {
        var type = formal ?? Shapeless(result);
        node.Set(output, type?.ElementType, type?.Shape);
    }

    private static void Collect(NodeTyping node, int output, TensorType? slice, Dimension steps, long axis)
    {
        var shape = slice?.Shape is { } known && ShapeMath.Axis(axis, known.Rank + 1) is { } place ? new Shape(known.Dimensions.Insert(place, steps)) : null;
        node.Set(output, slice?.ElementType, shape);
    }

    /// <summary>The trip count, when no condition can end the loop before; otherwise only the run decides.</summary>
    private static Dimension TripCount(NodeTyping node)
    {
        var goesOn = node.Node.Bodies[0].Graph.Outputs[0].Value;
        var isEndless = !node.HasInput(1) || node.Int64(1) is not null and not 0;
        if (isEndless && IsAlwaysTrue(goesOn, node.Node.Bodies[0].Graph) && node.Elements(0) is [var trips])
            return node.Symbols.Max(0, trips);
        return Dimension.Unknown;
    }

    private static bool IsAlwaysTrue(Value condition, Graph body)
    {
        while (condition.Producer is { } producer && producer.Is("Identity") && producer.Input(0) is { } source)
            condition = source;
        return condition == body.Inputs[1] || condition.Constant is { ElementType: DataType.Bool, Bytes: [not 0] };
    }
}
