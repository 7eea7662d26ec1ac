import type { Deed } from '../plan.js'
import type { Deal } from '../stage.js'
import { answerOffer, argue, assign, decide, dispute, execute, file } from './cases.js'
import { cancel, door, handOverCard, leave, object, pause, payAgain, purchase, reactivate, signInAgain, takeOver, withdraw } from './consumer.js'
import { answerPause, approve, approveRefund, callOff, consent, draft, moveClock, refuseDeposit, rejectRefund, repeatNotification, sendBack, voidUse } from './staff.js'

/** How each deed is done. */
export const deals: Readonly<Record<Deed, Deal>> = {
  door, purchase, object, withdraw, leave, cancel, dispute, argue, 'hand-over': handOverCard, 'take-over': takeOver, pause, 'sign-in': signInAgain, 'pay-again': payAgain, file, reactivate,
  void: voidUse, consent, 'answer-offer': answerOffer, 'answer-pause': answerPause,
  'approve-refund': approveRefund, 'reject-refund': rejectRefund, draft, approve, 'call-off': callOff, 'refuse-deposit': refuseDeposit, execute,
  assign, decide,
  'repeat-notification': repeatNotification, 'send-back': sendBack, clock: moveClock
}
